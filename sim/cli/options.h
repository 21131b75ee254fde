// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace guestlink::sim {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

/// The command line of guestlink-sim or guestlink-systemc, checked.
struct Options {
  std::string program;    ///< its name, set before parsing
  std::string attach;     ///< empty with `vfio_user`
  std::string vfio_user;  ///< socket at which QEMU finds the engine as a PCI device
  bool doorbell = false;
  bool self_test = false;

  // Timing of guest memory; what is not given is 1 and 0, or drawn from the seed in the self-test.
  std::optional<std::uint16_t> read_latency;
  std::optional<std::uint16_t> write_latency;
  std::optional<std::uint32_t> accept_stall;
  std::optional<std::uint32_t> beat_stall;

  double attach_timeout = 60;  ///< seconds
  double idle_timeout = 300;   ///< seconds, 0 for none

  bool stop_on_reset = false;  ///< of the guest
  double reattach = 0;         ///< seconds to wait for a guest that has gone, 0 to end with it

  std::optional<std::uint32_t> seed;
  std::uint32_t descriptors = 500;
  std::optional<std::uint32_t> inject_error;  ///< descriptor whose result is spoiled
  std::uint64_t range_base = 0;               ///< what the self-test may overwrite
  std::uint64_t range_size = 0;               ///< 0: anything

  std::string trace;
  std::uint64_t max_cycles = 0;  ///< 0 for no limit
  bool json = false;
  bool quiet = false;
};

/// Fills `options`; an exit code if the program ends here (help, or a usage error it has printed).
/// `add_more` adds the options of one program.
std::optional<int> parse_options(int argc, char** argv, Options& options,
                                 const std::function<void(CLI::App&)>& add_more = {});

}  // namespace guestlink::sim
