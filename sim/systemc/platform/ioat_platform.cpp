// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// A virtual platform: a driver written in C++ has the RTL of the DMA engine copy guest memory,
// waits for its interrupt and compares. On a mock file, or on a live guest by another --attach.
#include <Vioat_engine_trace.h>
#include "systemc/verilated_device.h"
#include "verilated_fst_c.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <random>

#include "systemc/guest_memory_target.h"
#include "systemc/platform/merge.h"

using namespace sc_core;
using namespace guestlink;

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRead = tlm::TLM_READ_COMMAND, kWrite = tlm::TLM_WRITE_COMMAND;
constexpr std::uint64_t kRing = 0, kRecord = 0x4000, kSource = 0x100000, kDestination = 0x200000;
constexpr unsigned kBatch = 32, kCopyBytes = 4096;

struct Descriptor {
  std::uint32_t size, control;
  std::uint64_t source = 0, destination = 0, next = 0, reserved[4] = {};
};

class IoatDriver : public sc_module {
 public:
  tlm_utils::simple_initiator_socket<IoatDriver> memory{"memory"}, registers{"registers"};
  sc_in<bool> irq{"irq"};
  std::uint64_t copies = 0;

  IoatDriver(const sc_module_name& name, std::uint64_t area, std::uint64_t wanted)
      : sc_module(name), area_(area), wanted_(wanted) {
    sc_spawn([this] { run(); });
  }

 private:
  void run() {
    set<std::uint8_t>(0x84, 1 << 5);  // CHANCMD: reset
    while ((get<std::uint8_t>(0x84) & 1 << 5) != 0) wait(1, SC_NS);
    set<std::uint8_t>(0x03, 1);                 // INTRCTRL: on
    set<std::uint16_t>(0x80, 0x1D);             // CHANCTRL: re-arm, report errors
    set<std::uint64_t>(0x98, area_ + kRecord);  // CHANCMP
    set<std::uint64_t>(0x90, area_ + kRing);    // CHAINADDR
    while (copies < wanted_) copy_batch(std::min<std::uint64_t>(kBatch, wanted_ - copies));
    sc_stop();
  }

  void copy_batch(std::uint64_t count) {
    std::vector<std::uint8_t> data(count * kCopyBytes), copied(data.size());
    for (auto& byte : data) byte = static_cast<std::uint8_t>(random_());
    move(memory, kWrite, area_ + kSource, data.data(), data.size());
    for (std::uint64_t n = 0; n < count; ++n) {
      const std::uint64_t slot = (copies + n) % kBatch, next = (slot + 1) % kBatch;
      Descriptor descriptor{kCopyBytes, n + 1 == count ? 9U : 0U};  // record and interrupt
      descriptor.source = area_ + kSource + n * kCopyBytes;
      descriptor.destination = area_ + kDestination + n * kCopyBytes;
      descriptor.next = area_ + kRing + next * sizeof descriptor;
      move(memory, kWrite, area_ + kRing + slot * sizeof descriptor, &descriptor,
           sizeof descriptor);
    }
    set<std::uint16_t>(0x86, static_cast<std::uint16_t>(copies + count));  // DMACOUNT: the doorbell
    wait(sc_time(10, SC_MS), irq.posedge_event());
    if (!irq.read()) SC_REPORT_FATAL("/ioat", "no interrupt within 10 ms");
    if (get<std::uint32_t>(0x04) != 1 || get<std::uint32_t>(0xA8) != 0)
      SC_REPORT_FATAL("/ioat", "ATTNSTATUS is not 1, or CHANERR is set");
    set<std::uint16_t>(0x80, 0x1D);
    set<std::uint8_t>(0x03, 1);
    move(memory, kRead, area_ + kDestination, copied.data(), copied.size());
    if (copied != data) SC_REPORT_FATAL("/ioat", "the copy differs from its source");
    copies += count;
    if (Clock::now() - last_ < std::chrono::seconds(2)) return;
    last_ = Clock::now();
    std::cerr << "ioat-platform: " << copies << " of " << wanted_ << " copies\n";
  }

  template <typename T>
  void set(std::uint64_t offset, T value) {
    move(registers, kWrite, offset, &value, sizeof value);
  }
  template <typename T>
  T get(std::uint64_t offset) {
    T value{};
    move(registers, kRead, offset, &value, sizeof value);
    return value;
  }
  template <typename Socket>
  void move(Socket& socket, tlm::tlm_command command, std::uint64_t address, void* data,
            std::size_t length) {
    tlm::tlm_generic_payload payload;
    payload.set_command(command);
    payload.set_address(address);
    payload.set_data_ptr(static_cast<unsigned char*>(data));
    payload.set_data_length(static_cast<unsigned>(length));
    payload.set_streaming_width(static_cast<unsigned>(length));
    sc_time delay;
    socket->b_transport(payload, delay);
    wait(delay);
    const std::string text = payload.get_response_string() + " at " + hex(address);
    if (!payload.is_response_ok()) SC_REPORT_FATAL("/ioat", text.c_str());
  }

  std::uint64_t area_, wanted_;
  std::mt19937 random_{1};
  Clock::time_point last_ = Clock::now();
};

}  // namespace

int sc_main(int argc, char** argv) {
  std::string spec = "mock:,size=16M", trace;
  std::uint64_t area = 0x400000, copies = 1000;
  bool json = false;
  CLI::App app{"Has the RTL's DMA copy 4 KiB pages in guest memory. OVERWRITES 3 MiB of it."};
  app.add_option("--attach", spec, "Attach spec of the memory")->capture_default_str();
  app.add_option("--area", area, "Guest address of the 3 MiB")->capture_default_str();
  app.add_option("--copies", copies, "How many copies")->capture_default_str();
  app.add_option("--trace", trace, "Write the RTL's waves to this FST file");
  app.add_flag("--json", json, "Print the summary as JSON");
  CLI11_PARSE(app, argc, argv);
  sc_report_handler::set_actions(SC_INFO, SC_DO_NOTHING);
  sc_report_handler::set_actions(SC_FATAL, SC_DISPLAY | SC_THROW);
  using Engine = VerilatedDevice<Vioat_engine_trace, DevicePins, VerilatedFstC>;
  GuestMemoryTarget memory("memory", spec);
  sim::Merge bus("bus");
  Engine engine("engine", {.trace_file = trace});
  IoatDriver driver("driver", area, copies);
  sc_signal<bool> irq("irq");
  bus.out.bind(memory.socket);
  engine.m_axi.bind(bus.in);
  driver.memory.bind(bus.in);
  driver.registers.bind(engine.s_axil);
  engine.irq[0].bind(irq);
  driver.irq.bind(irq);
  sc_start();

  nlohmann::json summary = {{"verdict", "PASS"}, {"copies", driver.copies}};
  summary.update({{"bytes", driver.copies * kCopyBytes}, {"cycles", engine.cycles()}});
  std::cout << (json ? summary.dump(2) : "PASS: " + std::to_string(copies) + " copies") << '\n';
  return 0;
}
