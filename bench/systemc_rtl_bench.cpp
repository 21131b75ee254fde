// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Clock cycles a second (of CPU time) of the engine on guest memory, copying 4 KiB pages: by the
// plain Verilator driver, or by SystemC with a quantum or an event an edge. One driver a process;
// bench/run.py runs them in turns.
#include <CLI/CLI.hpp>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <vector>

#include "guestlink_handles.h"
#include "model/model_driver.h"
#include "systemc/platform/engine_platform.h"

namespace guestlink::sim {
namespace {

constexpr std::uint64_t kRecord = 0x8000;
constexpr std::uint64_t kRing = 0x10000;
constexpr std::uint64_t kSources = 0x1000000;
constexpr std::uint64_t kDestinations = 0x2000000;
constexpr std::uint32_t kBytes = 4096;
constexpr std::uint64_t kPages = 1024;  // 4 MiB either way
constexpr std::uint32_t kRecordWanted = 8;
constexpr std::uint64_t kStep = 1000;

struct Descriptor {
  std::uint32_t size = kBytes;
  std::uint32_t control = kRecordWanted;
  std::uint64_t source = 0;
  std::uint64_t destination = 0;
  std::uint64_t next = 0;
  std::uint64_t reserved[4] = {};
};

void must(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("bench: ") + what);
}

void write_ring(GuestMemory& memory) {
  std::vector<Descriptor> ring(kPages);
  for (std::uint64_t n = 0; n < kPages; ++n) {
    ring[n].source = kSources + n * kBytes;
    ring[n].destination = kDestinations + n * kBytes;
    ring[n].next = kRing + (n + 1) % kPages * sizeof(Descriptor);
  }
  must(memory.write(kRing, std::as_bytes(std::span(ring))) == AccessStatus::kOk, "no ring");
  must(memory.fill(kSources, kPages * kBytes, std::byte{0x5A}) == AccessStatus::kOk, "no sources");
}

void write64(EngineDriver& engine, std::uint32_t offset, std::uint64_t value) {
  (void)engine.write_register(offset, static_cast<std::uint32_t>(value));
  (void)engine.write_register(offset + 4, static_cast<std::uint32_t>(value >> 32));
}

struct Result {
  std::uint64_t cycles = 0;
  double seconds = 0;  // of CPU time
};

Result copy_pages(GuestMemory& memory, EngineDriver& engine, std::uint64_t copies) {
  write_ring(memory);
  write64(engine, 0x98, kRecord);
  write64(engine, 0x90, kRing);
  const std::clock_t before = std::clock();
  const std::uint64_t cycles = engine.cycles();
  (void)engine.write_register(0x84, static_cast<std::uint32_t>(copies) << 16, 0xC);
  const std::uint64_t last = kRing + (copies - 1) % kPages * sizeof(Descriptor);
  std::uint64_t record = 0;
  while (engine.counters().descriptors < copies || record / 64 * 64 != last) {
    must(engine.step(kStep) == kStep, "the engine stopped");
    must(engine.cycles() - cycles < 200 * copies + 100000, "the copies take too long");
    must(memory.load(kRecord, record) == AccessStatus::kOk, "no completion record");
  }
  return {engine.cycles() - cycles,
          static_cast<double>(std::clock() - before) / static_cast<double>(CLOCKS_PER_SEC)};
}

Result run_plain(std::uint64_t copies) {
  const std::uint64_t id = register_session(GuestSession("mock:,size=64M"));
  Result result;
  {
    ModelDriver driver({id, {}, 0});
    result = copy_pages(session_from_id(id)->memory(), driver, copies);
  }
  (void)close_memory(id);
  return result;
}

Result run_systemc(const EnginePlatform::Settings& settings, std::uint64_t copies) {
  EnginePlatform platform("platform", GuestSession("mock:,size=64M"), settings);
  Result result;
  platform.run([&](GuestSession& guest, EngineDriver& engine) {
    result = copy_pages(guest.memory(), engine, copies);
    return 0;
  });
  return result;
}

int run_program(int argc, char** argv) {
  std::string driver = "plain";
  std::uint64_t copies = 8192;
  EnginePlatform::Settings settings;
  CLI::App app{"Clock cycles a second of the engine, by one driver."};
  app.add_option("--driver", driver, "plain, quantum or edge")
      ->check(CLI::IsMember({"plain", "quantum", "edge"}));
  app.add_option("--quantum", settings.quantum_clocks, "Clocks a wake-up")->capture_default_str();
  app.add_option("--copies", copies, "Pages to copy")
      ->check(CLI::Range(1U, 65535U))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  settings.every_edge = driver == "edge";
  const Result result = driver == "plain" ? run_plain(copies) : run_systemc(settings, copies);
  const nlohmann::json json = {{"driver", driver},
                               {"cycles", result.cycles},
                               {"seconds", result.seconds},
                               {"rate", static_cast<double>(result.cycles) / result.seconds}};
  std::printf("%s\n", json.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace guestlink::sim

int sc_main(int argc, char** argv) {
  sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
  return guestlink::sim::run_program(argc, argv);
}
