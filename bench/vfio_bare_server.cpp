// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What guestlink-sim --vfio-user is measured against: the least that can serve the same guest. It
// waits in recvmsg, answers register reads from an array, and does the engine's copies by memcpy
// when the doorbell is written. It checks nothing: for benchmarks with a guest of our own only.
//
//   vfio_bare_server SOCKET
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <span>
#include <stdexcept>
#include <vector>

#include "pci/listening_socket.h"
#include "pci/message_stream.h"
#include "pci/pci_function.h"
#include "pci/vfio_user_protocol.h"

namespace {

using namespace guestlink::detail;
using namespace guestlink::detail::vfio_user;

constexpr std::uint32_t kChannel = 0x80;
constexpr std::uint32_t kDoorbell = kChannel + 0x06;

struct Descriptor {
  std::uint32_t size, control;
  std::uint64_t source, destination, next;
};

/// The guest's RAM: runs of device addresses, mapped.
class Ram {
 public:
  void map(const DmaMap& request, int fd) {
    const int protection =
        (request.flags & DmaMap::kWrite) != 0 ? PROT_READ | PROT_WRITE : PROT_READ;
    void* const data =
        mmap(nullptr, request.size, protection, MAP_SHARED, fd, static_cast<off_t>(request.offset));
    close(fd);
    if (data != MAP_FAILED) runs_.push_back({request.address, request.size, data});
  }
  void unmap(const DmaUnmap& request) {
    std::erase_if(runs_, [&](const Run& run) {
      if (run.address - request.address >= request.size) return false;
      munmap(run.data, run.size);
      return true;
    });
  }
  [[nodiscard]] std::byte* at(std::uint64_t address) const {
    for (const Run& run : runs_) {
      if (address - run.address < run.size)
        return static_cast<std::byte*>(run.data) + (address - run.address);
    }
    throw std::runtime_error("an address outside of the guest's RAM");
  }

 private:
  struct Run {
    std::uint64_t address, size;
    void* data;
  };
  std::vector<Run> runs_;
};

class BareServer {
 public:
  explicit BareServer(int client) : client_(client) {
    registers_[1] = 20, registers_[0] = 1, registers_[8] = 0x34;
  }

  void run() {
    while (receive()) handle();
  }

 private:
  // A message that QEMU sends at once arrives at once.
  bool receive() {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(16 * sizeof(int))> control;
    iovec place = {&header_, sizeof header_};
    msghdr message = {};
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (recvmsg(client_, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL) != sizeof header_) return false;
    files_.clear();
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
      files_.resize((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
      std::memcpy(files_.data(), CMSG_DATA(part), files_.size() * sizeof(int));
    }
    payload_.resize(header_.size - sizeof header_);
    return payload_.empty() || recv(client_, payload_.data(), payload_.size(), MSG_WAITALL) ==
                                   static_cast<ssize_t>(payload_.size());
  }

  template <typename T>
  T payload(std::size_t offset = 0) const {
    return *start_of<T>(std::span(payload_).subspan(offset));
  }

  template <typename T>
  void reply(const T& fixed, std::span<const std::byte> data = {}) {
    reply(std::as_bytes(std::span(&fixed, 1)), data);
  }
  void reply(std::span<const std::byte> fixed, std::span<const std::byte> data = {}) {
    if (!header_.wants_reply()) return;
    header_.flags = VfioUserHeader::kReply;
    header_.size = static_cast<std::uint32_t>(sizeof header_ + fixed.size() + data.size());
    std::array<std::byte, 4200> bytes;
    std::memcpy(bytes.data(), &header_, sizeof header_);
    std::memcpy(bytes.data() + sizeof header_, fixed.data(), fixed.size());
    if (!data.empty())
      std::memcpy(bytes.data() + sizeof header_ + fixed.size(), data.data(), data.size());
    (void)!write(client_, bytes.data(), header_.size);
  }
  void reply() { reply(std::span<const std::byte>()); }

  void handle() {
    switch (header_.command) {
      case kVersion: {
        static constexpr char kText[] = R"({"capabilities":{"write_multiple":true}})";
        return reply(Version{0, 0}, std::as_bytes(std::span(kText)));
      }
      case kDmaMap:
        if (!files_.empty()) ram_.map(payload<DmaMap>(), files_[0]);
        return reply();
      case kDmaUnmap:
        ram_.unmap(payload<DmaUnmap>());
        return reply();
      case kDeviceGetInfo:
        return reply(DeviceInfo{16, DeviceInfo::kReset | DeviceInfo::kPci, kRegions, kIrqs});
      case kDeviceGetRegionInfo:
        return tell_region();
      case kDeviceGetIrqInfo:
        return tell_irq();
      case kDeviceSetIrqs:
        return set_irqs();
      case kRegionRead:
        return read();
      case kRegionWrite:
        return write_one();
      case kRegionWriteMulti:
        for (std::uint64_t i = 0; i < payload<RegionWriteMulti>().count; ++i) {
          const auto entry =
              payload<RegionWriteEntry>(sizeof(RegionWriteMulti) + i * sizeof(RegionWriteEntry));
          write_register(entry.offset, std::as_bytes(std::span(&entry.data, 1)).first(entry.count));
        }
        return;
      default:
        return reply();
    }
  }

  void tell_region() {
    auto info = payload<RegionInfo>();
    info.size = info.index == kConfigRegion ? ConfigSpace::kBytes : function_.bar_size(info.index);
    info.flags = info.size != 0 ? RegionInfo::kRead | RegionInfo::kWrite : 0;
    reply(info);
  }

  void tell_irq() {
    auto info = payload<IrqInfo>();
    info.count = info.index == kMsi || info.index == kRequest ? 0 : 1;
    info.flags = info.index == kIntx ? 7 : 9;
    reply(info);
  }

  void set_irqs() {
    const auto set = payload<IrqSet>();
    if (set.index == kMsix && (set.flags & IrqSet::kDataEventfd) != 0 && !files_.empty()) {
      trigger_ = files_[0];
    }
    reply();
  }

  void read() {
    const auto access = payload<RegionAccess>();
    if (access.region == kConfigRegion) {
      std::array<std::byte, ConfigSpace::kBytes> data;
      (void)function_.read_config(access.offset, std::span(data).first(access.count));
      return reply(access, std::span(data).first(access.count));
    }
    reply(access, std::as_bytes(std::span(registers_)).subspan(access.offset, access.count));
  }

  void write_one() {
    const auto access = payload<RegionAccess>();
    const auto data = std::span<const std::byte>(payload_).subspan(sizeof access);
    if (access.region == kConfigRegion) (void)function_.write_config(access.offset, data);
    if (access.region == 0) write_register(access.offset, data);
    reply(access);
  }

  template <typename T>
  T& at(std::uint32_t offset) {
    return *reinterpret_cast<T*>(registers_.data() + offset);
  }

  void write_register(std::uint64_t offset, std::span<const std::byte> data) {
    if (offset == kChannel + 0x04) return command(std::to_integer<unsigned>(data[0]));
    std::memcpy(registers_.data() + offset, data.data(), data.size());
    if (offset == kChannel) at<std::uint16_t>(kChannel) &= 0xFFFE;
    if (offset == kChannel + 0x28) at<std::uint32_t>(kChannel + 0x28) = 0;
    if (offset == kChannel + 0x14) next_ = at<std::uint64_t>(kChannel + 0x10);
    if (offset == kDoorbell) work();
  }

  void command(unsigned bits) {
    if ((bits & 0x20) != 0) {
      done_ = 0;
      at<std::uint16_t>(kDoorbell) = 0;
      at<std::uint64_t>(kChannel + 0x08) = 3;
    } else if ((bits & 0x04) != 0) {
      at<std::uint64_t>(kChannel + 0x08) = 2;
    }
  }

  void work() {
    for (; done_ != at<std::uint16_t>(kDoorbell); ++done_) {
      Descriptor descriptor;
      std::memcpy(&descriptor, ram_.at(next_), sizeof descriptor);
      if ((descriptor.control & 0x20) == 0) {
        std::memcpy(ram_.at(descriptor.destination), ram_.at(descriptor.source), descriptor.size);
      }
      at<std::uint64_t>(kChannel + 0x08) = next_ | 1;
      if ((descriptor.control & 0x08) != 0) {
        std::memcpy(ram_.at(at<std::uint64_t>(kChannel + 0x18)),
                    &at<std::uint64_t>(kChannel + 0x08), 8);
      }
      const std::uint64_t one = 1;
      if ((descriptor.control & 0x01) != 0 && trigger_ >= 0) (void)!write(trigger_, &one, 8);
      next_ = descriptor.next;
    }
  }

  int client_;
  VfioUserHeader header_;
  std::vector<std::byte> payload_;
  std::vector<int> files_;
  Ram ram_;
  PciFunction function_{[] {
    PciIdentity identity;
    identity.vendor = 0x8086;
    identity.device = 0x0b00;
    identity.class_code = 0x088000;
    identity.bars[0] = {PciBar::Kind::kMemory32, 16384, false};
    identity.msix_vectors = 1;
    identity.intx = true;
    return identity;
  }()};
  alignas(8) std::array<std::uint8_t, 16384> registers_{};
  int trigger_ = -1;
  std::uint16_t done_ = 0;
  std::uint64_t next_ = 0;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::runtime_error("usage: vfio_bare_server SOCKET");
  const guestlink::FileDescriptor listener = listen_unix(argv[1]);
  (void)fcntl(listener.get(), F_SETFL, 0);  // accept waits
  std::puts("listening");
  std::fflush(stdout);
  const int client = accept(listener.get(), nullptr, nullptr);
  unlink(argv[1]);
  if (client >= 0) BareServer(client).run();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "vfio_bare_server: %s\n", error.what());
  return 1;
}
