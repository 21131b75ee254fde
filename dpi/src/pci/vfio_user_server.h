// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "guestlink/mapping.h"
#include "pci/message_stream.h"
#include "pci/transport.h"

namespace guestlink::detail {

/// The server's side of vfio-user 0.0 for one PCI device and one client: QEMU's vfio-user-pci,
/// 10.1 and newer. Source: docs/interop/vfio-user.rst of QEMU; docs/pci.md tells what is
/// implemented. A message that is malformed or asks for what is not there is answered with an errno
/// value and told to the user; one that breaks the stream's frame ends the connection.
class VfioUserServer final : public Transport {
 public:
  /// Listens at `path`: a socket of mode 0600, which appears when it can be connected to, in the
  /// place of one that nobody listens to any more. It is removed when a client has come. Throws
  /// std::runtime_error.
  VfioUserServer(PciDevice& device, const std::string& path);
  /// Serves a connected socket.
  VfioUserServer(PciDevice& device, FileDescriptor client);
  ~VfioUserServer() override;

  [[nodiscard]] PciLink link() const noexcept override { return link_; }
  [[nodiscard]] std::string failure() const override { return failure_; }
  void serve() override;
  [[nodiscard]] pollfd awaited() const noexcept override;
  void answer(const PciDevice::Request& request, std::uint64_t data) override;
  void answer_reset(std::uint64_t ticket) override;

 private:
  using Bytes = std::span<const std::byte>;
  // A ticket is the message's id and, of the last write of a WRITE_MULTI, above it how many.
  static constexpr unsigned kTicketIdBits = 16;

  void accept_client();
  void serve_client();
  [[nodiscard]] bool handle_next();
  [[nodiscard]] bool may_handle(const VfioUserHeader& header) const;
  [[nodiscard]] bool for_rtl(const VfioUserHeader& header) const;
  void end(const std::string& why);
  void leave();

  // Each handles one command and returns an errno value, or 0 once it has replied or will.
  int handle(VfioUserMessage& message);
  int negotiate(const VfioUserMessage& message);
  int map(VfioUserMessage& message);
  int unmap(const VfioUserMessage& message);
  int tell_device(const VfioUserMessage& message);
  int tell_region(const VfioUserMessage& message);
  int tell_irq(const VfioUserMessage& message);
  int set_irqs(VfioUserMessage& message);
  int set_intx(std::uint32_t flags, std::uint32_t count, std::vector<FileDescriptor> files);
  int set_msix(std::uint32_t flags, std::uint32_t start, std::uint32_t count,
               std::vector<FileDescriptor> files);
  int set_error(std::uint32_t flags, std::uint32_t count, std::vector<FileDescriptor> files);
  int read_region(const VfioUserMessage& message);
  int write_region(const VfioUserMessage& message);
  int write_several(const VfioUserMessage& message);
  int reset(const VfioUserMessage& message);

  void reply(const VfioUserHeader& to, Bytes fixed = {}, Bytes data = {});
  void refuse(const VfioUserHeader& to, int error);
  void warn_of_memory(std::uint64_t address, std::uint64_t length, bool has_file, bool writable,
                      bool shared);

  PciDevice& device_;
  std::string path_;  // to be removed; empty if there is nothing
  FileDescriptor listener_;
  std::optional<MessageStream> stream_;
  PciLink link_ = PciLink::kListening;
  std::string failure_;
  bool was_reset_ = false;
  bool negotiated_ = false;
  bool warned_of_memory_ = false;
  FileDescriptor error_trigger_;  // for errors that this device never has
};

}  // namespace guestlink::detail
