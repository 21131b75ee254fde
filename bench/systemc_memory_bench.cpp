// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What guest memory costs as a TLM-2.0 target: b_transport beside the C++ call it makes, DMI beside
// memcpy of the same bytes, and the same transaction over a socket, as where simulator and guest
// memory are in two processes (the way of remote-port). docs/systemc.md has the numbers.
#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tlm_utils/simple_initiator_socket.h>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <systemc>
#include <thread>
#include <tlm>

#include "systemc/guest_memory_target.h"

namespace {

using guestlink::AccessStatus;
using guestlink::FileDescriptor;
using guestlink::GuestMemory;
using guestlink::GuestMemoryTarget;
using sc_core::sc_time;

constexpr std::uint64_t kAddress = 0x1000000;  // in the large row of a pc
constexpr std::uint64_t kWindow = 4096;  // addresses go round in it, so that none is a constant
constexpr std::size_t kBeatBytes = 64;
constexpr std::int64_t kBlockBytes = 64 << 10;

class Initiator : public sc_core::sc_module {
 public:
  tlm_utils::simple_initiator_socket<Initiator> socket{"socket"};
  explicit Initiator(const sc_core::sc_module_name& name) : sc_module(name) {}
};

struct Platform {
  Platform() {
    guestlink::MemoryTiming timing;
    timing.read_latency = sc_time(10, sc_core::SC_NS);
    timing.write_latency = sc_time(20, sc_core::SC_NS);
    target = std::make_unique<GuestMemoryTarget>("ram", "mock:,size=64M,machine=pc", timing);
    initiator.socket.bind(target->socket);
  }

  Initiator initiator{"initiator"};
  std::unique_ptr<GuestMemoryTarget> target;
};

Platform* platform = nullptr;  // made by sc_main: modules are for it to make

GuestMemory& memory() { return platform->target->memory(); }

std::uint64_t next_offset(std::uint64_t offset) { return (offset + kBeatBytes) % kWindow; }

// Stops the benchmark when an access that cannot fail does.
void expect_ok(benchmark::State& state, bool ok) {
  if (!ok) state.SkipWithError("an access failed");
}

// --- 64 bytes ---

void BM_api_read(benchmark::State& state) {
  std::array<std::byte, kBeatBytes> data;
  std::uint64_t offset = 0;
  for (auto _ : state) {
    expect_ok(state, memory().read(kAddress + offset, data) == AccessStatus::kOk);
    benchmark::DoNotOptimize(data);
    offset = next_offset(offset);
  }
}

void BM_api_write(benchmark::State& state) {
  std::array<std::byte, kBeatBytes> data{};
  std::uint64_t offset = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(data);
    expect_ok(state, memory().write(kAddress + offset, data) == AccessStatus::kOk);
    benchmark::ClobberMemory();
    offset = next_offset(offset);
  }
}

// As an initiator does it: one payload, used again and again.
void transport(benchmark::State& state, tlm::tlm_command command) {
  std::array<unsigned char, kBeatBytes> data{};
  tlm::tlm_generic_payload payload;
  payload.set_command(command);
  payload.set_data_ptr(data.data());
  payload.set_data_length(kBeatBytes);
  payload.set_streaming_width(kBeatBytes);
  sc_time delay;
  std::uint64_t offset = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(data);
    payload.set_address(kAddress + offset);
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    payload.set_dmi_allowed(false);
    platform->initiator.socket->b_transport(payload, delay);
    expect_ok(state, payload.is_response_ok());
    benchmark::ClobberMemory();
    offset = next_offset(offset);
  }
  benchmark::DoNotOptimize(delay);
}
void BM_transport_read(benchmark::State& state) { transport(state, tlm::TLM_READ_COMMAND); }
void BM_transport_write(benchmark::State& state) { transport(state, tlm::TLM_WRITE_COMMAND); }

// --- the same through a socket ---

struct Packet {
  std::uint64_t address = 0;
  std::uint32_t write = 0;
  std::uint32_t status = 0;
  std::array<std::byte, kBeatBytes> data{};
};

bool send_all(int fd, const Packet& packet) {
  return send(fd, &packet, sizeof packet, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof packet);
}
bool receive_all(int fd, Packet& packet) {
  return recv(fd, &packet, sizeof packet, MSG_WAITALL) == static_cast<ssize_t>(sizeof packet);
}

// The other process: a request in, the access, a reply out.
void serve(int fd, GuestMemory& guest) {
  Packet packet;
  while (receive_all(fd, packet)) {
    const AccessStatus status = packet.write != 0 ? guest.write(packet.address, packet.data)
                                                  : guest.read(packet.address, packet.data);
    packet.status = static_cast<std::uint32_t>(status);
    if (!send_all(fd, packet)) return;
  }
}

void by_socket(benchmark::State& state, bool write) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw std::runtime_error("socketpair failed");
  }
  const FileDescriptor ours(ends[0]);
  const FileDescriptor theirs(ends[1]);
  std::thread server(serve, theirs.get(), std::ref(memory()));
  Packet packet;
  packet.write = write ? 1 : 0;
  std::uint64_t offset = 0;
  for (auto _ : state) {
    packet.address = kAddress + offset;
    expect_ok(state, send_all(ours.get(), packet) && receive_all(ours.get(), packet) &&
                         packet.status == 0);
    offset = next_offset(offset);
  }
  shutdown(ours.get(), SHUT_RDWR);
  server.join();
}
void BM_socket_read(benchmark::State& state) { by_socket(state, false); }
void BM_socket_write(benchmark::State& state) { by_socket(state, true); }

// --- 64 KiB ---

// One for all, and the same guest memory: its place in the caches and pages decides as much as the
// copy does.
alignas(4096) std::array<std::byte, kBlockBytes> block;

std::byte* host() {
  const guestlink::Region* const row = guestlink::find_row(memory().regions(), kAddress);
  if (row == nullptr) throw std::runtime_error("the address is not RAM");
  return row->host + (kAddress - row->guest_address);
}

void BM_memcpy_out(benchmark::State& state) {
  const std::byte* const from = host();
  for (auto _ : state) {
    std::memcpy(block.data(), from, block.size());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * kBlockBytes);
}
void BM_memcpy_in(benchmark::State& state) {
  std::byte* const to = host();
  for (auto _ : state) {
    std::memcpy(to, block.data(), block.size());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * kBlockBytes);
}

tlm::tlm_dmi dmi_of(benchmark::State& state) {
  tlm::tlm_generic_payload payload;
  payload.set_write();
  payload.set_address(kAddress);
  tlm::tlm_dmi dmi;
  expect_ok(state, platform->initiator.socket->get_direct_mem_ptr(payload, dmi));
  return dmi;
}

// What an initiator does of a transaction for which it has DMI.
template <typename Copy>
void by_dmi(benchmark::State& state, Copy copy) {
  const tlm::tlm_dmi dmi = dmi_of(state);
  sc_time delay;
  for (auto _ : state) {
    const bool covered = kAddress >= dmi.get_start_address() &&
                         kAddress + block.size() - 1 <= dmi.get_end_address() &&
                         dmi.is_read_write_allowed();
    expect_ok(state, covered);
    copy(dmi.get_dmi_ptr() + (kAddress - dmi.get_start_address()));
    delay += dmi.get_read_latency();
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * kBlockBytes);
  benchmark::DoNotOptimize(delay);
}
void BM_dmi_read(benchmark::State& state) {
  by_dmi(state, [](unsigned char* host) { std::memcpy(block.data(), host, block.size()); });
}
void BM_dmi_write(benchmark::State& state) {
  by_dmi(state, [](unsigned char* host) { std::memcpy(host, block.data(), block.size()); });
}

BENCHMARK(BM_api_read);
BENCHMARK(BM_transport_read);
BENCHMARK(BM_api_write);
BENCHMARK(BM_transport_write);
BENCHMARK(BM_socket_read)->UseRealTime();  // half of its work is the server's
BENCHMARK(BM_socket_write)->UseRealTime();
BENCHMARK(BM_memcpy_out);
BENCHMARK(BM_dmi_read);
BENCHMARK(BM_memcpy_in);
BENCHMARK(BM_dmi_write);

}  // namespace

int sc_main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  Platform instance;
  platform = &instance;
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
