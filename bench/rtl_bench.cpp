// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The DMA engine's clocks for each descriptor, and the simulator's clocks a second on guest memory
// beside the same RTL on a SystemVerilog array. Both models run in turns within one process, so
// that a busy machine slows both. Prints a table, or JSON for bench/run.py.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "Vbench_array.h"
#include "Vbench_guest.h"
#include "guestlink_dpi.h"
#include "verilated.h"

namespace {

constexpr std::uint64_t kBeatBytes = 64;
constexpr std::uint64_t kRing = 0x10000;
constexpr unsigned kRingDescriptors = 64;
constexpr std::uint64_t kRecord = 0x8000;
constexpr std::uint64_t kSource = 1 << 20;
constexpr std::uint64_t kDestination = 2 << 20;
constexpr std::uint64_t kAreaBytes = 1 << 20;

// One stream of equal descriptors.
struct Workload {
  std::uint64_t size;  // bytes a descriptor
  std::uint64_t source_offset;
  std::uint64_t destination_offset;
  std::uint16_t latency;  // clocks, of reads and of writes
};

struct Descriptor {
  std::uint32_t size;
  std::uint32_t control;
  std::uint64_t source;
  std::uint64_t destination;
  std::uint64_t next;
};

// The ring of a workload. The areas are used round and round; a completion record for each
// descriptor.
std::vector<Descriptor> make_ring(const Workload& work) {
  constexpr std::uint32_t kWriteRecord = 1U << 3;
  const std::uint64_t stride = (work.size + 4095) / 4096 * 4096;
  std::vector<Descriptor> ring;
  for (std::uint64_t i = 0; i < kRingDescriptors; ++i) {
    const std::uint64_t at = i * stride % (kAreaBytes - stride);
    ring.push_back({static_cast<std::uint32_t>(work.size), kWriteRecord,
                    kSource + at + work.source_offset, kDestination + at + work.destination_offset,
                    kRing + (i + 1) % kRingDescriptors * 64});
  }
  return ring;
}

// The engine on one memory: clock, registers, and the way to fill the memory.
template <typename Model>
class Rig {
 public:
  explicit Rig(const std::vector<std::string>& plusargs, std::uint64_t memory_id) {
    std::vector<const char*> arguments{"rtl_bench"};
    for (const auto& plusarg : plusargs) arguments.push_back(plusarg.c_str());
    context_->commandArgs(static_cast<int>(arguments.size()), arguments.data());
    model_ = std::make_unique<Model>(context_.get());
    model_->memory_id_i = memory_id;
  }
  ~Rig() {
    // The model's destructor goes by the thread's context, which is that of the newest model.
    Verilated::threadContextp(context_.get());
    model_->final();
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // Resets the engine and points it at the ring.
  void start(std::uint16_t latency) {
    model_->rst_ni = 0;
    model_->s_axil_bready = 1;
    model_->read_latency_i = latency;
    model_->write_latency_i = latency;
    clock(4);
    model_->rst_ni = 1;
    clock(4);
    write_register(0x98, static_cast<std::uint32_t>(kRecord), 0xf);
    write_register(0x9c, 0, 0xf);
    write_register(0x90, static_cast<std::uint32_t>(kRing), 0xf);
    write_register(0x94, 0, 0xf);
    count_ = 0;
  }

  // Makes `descriptors` valid and runs until the engine is idle. Returns the clocks.
  std::uint64_t run(unsigned descriptors) {
    count_ = static_cast<std::uint16_t>(count_ + descriptors);
    const std::uint64_t before = clocks_;
    unsigned done = 0;
    write_register(0x84, std::uint32_t{count_} << 16, 0xc);
    while (done < descriptors || model_->idle_o == 0) {
      clock(1);
      done += model_->descriptor_done_o;
      if (clocks_ - before > 100'000'000) throw std::runtime_error("the engine hangs");
    }
    return clocks_ - before;
  }

 private:
  void clock(unsigned n) {
    for (; n != 0; --n, ++clocks_) {
      model_->clk_i = 0;
      model_->eval();
      model_->clk_i = 1;
      model_->eval();
    }
  }

  void write_register(std::uint32_t offset, std::uint32_t data, std::uint8_t strobes) {
    model_->s_axil_awaddr = static_cast<std::uint16_t>(offset);
    model_->s_axil_wdata = data;
    model_->s_axil_wstrb = strobes;
    model_->s_axil_awvalid = 1;
    model_->s_axil_wvalid = 1;
    for (int limit = 0; limit < 1000; ++limit) {
      model_->clk_i = 0;
      model_->eval();
      const bool aw = model_->s_axil_awvalid && model_->s_axil_awready;
      const bool w = model_->s_axil_wvalid && model_->s_axil_wready;
      const bool answered = model_->s_axil_bvalid;
      model_->clk_i = 1;
      model_->eval();
      ++clocks_;
      if (aw) model_->s_axil_awvalid = 0;
      if (w) model_->s_axil_wvalid = 0;
      if (answered) return;
    }
    throw std::runtime_error("no answer to a register write");
  }

  std::unique_ptr<VerilatedContext> context_ = std::make_unique<VerilatedContext>();
  std::unique_ptr<Model> model_;
  std::uint64_t clocks_ = 0;
  std::uint16_t count_ = 0;
};

void require(int status) {
  if (status != 0) throw std::runtime_error(guestlink_last_error());
}

// Puts the ring into guest memory, with a pattern to copy.
void load_guest(void* memory, const std::vector<Descriptor>& ring) {
  for (std::uint64_t offset = 0; offset < kAreaBytes; offset += 8) {
    require(guestlink_write64(memory, kSource + offset, offset * 0x9e3779b97f4a7c15));
  }
  require(guestlink_fill(memory, kDestination, kAreaBytes, 0));
  std::uint64_t at = kRing;
  for (const Descriptor& d : ring) {
    const std::uint64_t words[4] = {d.size | std::uint64_t{d.control} << 32, d.source,
                                    d.destination, d.next};
    for (unsigned i = 0; i < 4; ++i) require(guestlink_write64(memory, at + 8UL * i, words[i]));
    at += 64;
  }
}

// A benchmark of an engine that copies wrongly is worth nothing.
void verify_guest(void* memory, const std::vector<Descriptor>& ring) {
  for (const Descriptor& d : ring) {
    unsigned long long same = 0;
    require(guestlink_compare(memory, d.destination, d.source, d.size, &same));
    if (same != d.size) throw std::runtime_error("the engine copied wrongly");
  }
}

// Writes the ring as a $readmemh file of 512-bit words.
void save_readmemh(const std::string& path, const std::vector<Descriptor>& ring) {
  std::ofstream file(path);
  file << '@' << std::hex << kRing / kBeatBytes << '\n';
  for (const Descriptor& d : ring) {
    char line[160];
    std::snprintf(line, sizeof line, "%064x%016llx%016llx%016llx%08x%08x\n", 0U,
                  static_cast<unsigned long long>(d.next),
                  static_cast<unsigned long long>(d.destination),
                  static_cast<unsigned long long>(d.source), d.control, d.size);
    file << line;
  }
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// CPU time, so that what else runs on the machine does not count.
template <typename Function>
double cpu_seconds(Function&& function) {
  const std::clock_t start = std::clock();
  function();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

struct Options {
  unsigned rounds = 31;
  std::uint64_t round_beats = 1 << 14;
  std::uint64_t stream_beats = 1 << 16;
  std::string scratch = ".";
};

nlohmann::json measure(const Workload& work, const Options& options, void* memory) {
  const auto ring = make_ring(work);
  const std::string image = options.scratch + "/bench_array.hex";
  load_guest(memory, ring);
  save_readmemh(image, ring);
  Rig<Vbench_guest> guest({}, guestlink_id(memory));
  Rig<Vbench_array> array({"+memory=" + image}, 0);
  guest.start(work.latency);
  array.start(work.latency);

  const auto descriptors_for = [&](std::uint64_t beats) {
    const std::uint64_t beats_each = std::max<std::uint64_t>(work.size / kBeatBytes, 1);
    return static_cast<unsigned>(std::clamp<std::uint64_t>(beats / beats_each, 64, 8192));
  };
  // Clocks are counted over a long stream, which start and end hardly touch; times over short ones.
  const unsigned stream = descriptors_for(options.stream_beats);
  const std::uint64_t stream_clocks = guest.run(stream);
  const bool same_clocks = array.run(stream) == stream_clocks;
  const unsigned descriptors = descriptors_for(options.round_beats);
  std::uint64_t guest_clocks = 0;
  std::uint64_t array_clocks = 0;
  // A round is one run of each, so the ratio within a round sees the same machine.
  std::vector<double> guest_times, array_times, ratios;
  for (unsigned round = 0; round < options.rounds; ++round) {
    const double guest_seconds = cpu_seconds([&] { guest_clocks = guest.run(descriptors); });
    const double array_seconds = cpu_seconds([&] { array_clocks = array.run(descriptors); });
    guest_times.push_back(guest_seconds / static_cast<double>(guest_clocks));
    array_times.push_back(array_seconds / static_cast<double>(array_clocks));
    ratios.push_back(array_times.back() / guest_times.back());
  }
  verify_guest(memory, ring);
  const double guest_time = median(guest_times);
  const double array_time = median(array_times);
  const double ratio = median(ratios);
  const double beats = static_cast<double>(work.size) / kBeatBytes;
  const double clocks_each = static_cast<double>(stream_clocks) / stream;
  // A beat is read and written: two calls for each beat moved.
  const double calls_a_clock = 2 * beats / clocks_each;
  return {{"size", work.size},
          {"source_offset", work.source_offset},
          {"destination_offset", work.destination_offset},
          {"latency", work.latency},
          {"clocks_per_descriptor", clocks_each},
          {"beats_per_clock", beats / clocks_each},
          {"same_clocks_on_array", same_clocks},
          {"guest_clocks_per_second", 1 / guest_time},
          {"array_clocks_per_second", 1 / array_time},
          {"speed_ratio", ratio},
          {"dpi_ns_per_beat", guest_time * (1 - ratio) / calls_a_clock * 1e9}};
}

void print_row(const nlohmann::json& row) {
  std::printf("%7llu %4llu/%-4llu %7d %12.2f %12.3f %11.0f %11.0f %6.3f %8.1f\n",
              row["size"].get<unsigned long long>(), row["source_offset"].get<unsigned long long>(),
              row["destination_offset"].get<unsigned long long>(), row["latency"].get<int>(),
              row["clocks_per_descriptor"].get<double>(), row["beats_per_clock"].get<double>(),
              row["guest_clocks_per_second"].get<double>(),
              row["array_clocks_per_second"].get<double>(), row["speed_ratio"].get<double>(),
              row["dpi_ns_per_beat"].get<double>());
  std::fflush(stdout);
}

std::vector<Workload> workloads() {
  std::vector<Workload> list;
  for (const std::uint64_t size : {64U, 256U, 1024U, 4096U, 65536U}) {
    for (const std::uint16_t latency : std::initializer_list<std::uint16_t>{1, 20, 100}) {
      list.push_back({size, 0, 0, latency});
      list.push_back({size, 5, 9, latency});
    }
  }
  return list;
}

int run(int argc, char** argv) {
  CLI::App app{"Clocks a descriptor, and clocks a second on guest memory and on an array"};
  Options options;
  std::string json_path;
  bool quick = false;
  app.add_option("--rounds", options.rounds, "timed rounds of each model")
      ->check(CLI::PositiveNumber);
  app.add_option("--scratch", options.scratch, "folder for the array's image");
  app.add_option("--json", json_path, "also write the results to this file");
  app.add_flag("--quick", quick, "few short rounds: shows that it runs, not how fast");
  CLI11_PARSE(app, argc, argv);
  if (quick) {
    options.rounds = 1;
    options.round_beats = options.stream_beats = 1 << 12;
  }
  void* memory = guestlink_open("mock:,size=4M,base=0");
  if (memory == nullptr) throw std::runtime_error(guestlink_last_error());
  std::puts(
      "  bytes src/dst  latency  clocks/desc  beats/clock   guest c/s   array c/s  ratio  "
      "ns/beat");
  nlohmann::json rows = nlohmann::json::array();
  for (const Workload& work : workloads()) {
    rows.push_back(measure(work, options, memory));
    print_row(rows.back());
  }
  if (!json_path.empty()) std::ofstream(json_path) << rows.dump(2) << '\n';
  return guestlink_close(memory) == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rtl_bench: %s\n", error.what());
    return 1;
  }
}
