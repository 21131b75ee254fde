// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>
#include <utility>

#include "cli/pci_mode.h"
#include "cli/run.h"
#include "guestlink_handles.h"
#include "model/model_driver.h"

namespace guestlink::sim {
namespace {

/// An entry in the DPI's table of handles, for as long as the model uses it.
class Handle {
 public:
  explicit Handle(GuestSession session) : id_(register_session(std::move(session))) {
    if (id_ == 0) throw std::runtime_error("no room in the table of memory handles");
  }
  ~Handle() { (void)close_memory(id_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] GuestSession& session() const noexcept { return *session_from_id(id_); }

 private:
  std::uint64_t id_;
};

int simulate(const Options& options, GuestSession guest, const Work& work) {
  const Handle handle(std::move(guest));
  ModelDriver driver({handle.id(), options.trace, options.max_cycles});
  return work(handle.session(), driver);
}

}  // namespace
}  // namespace guestlink::sim

int main(int argc, char** argv) {
  using namespace guestlink::sim;
  Options options;
  options.program = "guestlink-sim";
  PciOptions pci;
  const auto add_more = [&](CLI::App& app) { add_pci_options(app, options, pci); };
  if (const auto code = parse_options(argc, argv, options, add_more)) return *code;
  if (!options.vfio_user.empty()) return run_pci(options, pci);
  return run(options, simulate);
}
