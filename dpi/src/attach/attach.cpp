// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "guestlink/attach.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "attach/attach_live.h"
#include "attach/qmp_attach.h"
#include "attach/regular_file.h"
#include "attach/spec.h"
#include "guestlink/new_file.h"
#include "memory/writer_lock.h"

namespace guestlink {
namespace {

using detail::in_quotes;
using detail::LiveAttachment;
using detail::open_existing;
using detail::QmpClient;
using detail::size_of_file;
using detail::Spec;

// What is wrong with the spec is a std::invalid_argument, what cannot be done anything else.
[[noreturn]] void refuse(const std::string& message) { throw std::invalid_argument(message); }
[[noreturn]] void fail(const std::string& message) { throw std::runtime_error(message); }

std::string reason(int error) { return std::generic_category().message(error); }

AddressMap layout_of(const Spec& spec, std::uint64_t size) {
  if (spec.machine && spec.base) {
    refuse("keys 'machine' (" + *spec.machine + ") and 'base' (" + hex(*spec.base) +
           ") are both given; give one of them");
  }
  return spec.machine ? AddressMap::for_machine(*spec.machine, size)
                      : AddressMap::for_base(spec.base.value_or(0), size);
}

// The path is empty for anonymous memory.
Attachment map_file(const Spec& spec, const AddressMap& map, FileDescriptor fd,
                    std::uint64_t size) {
  AttachReport report;
  report.machine = spec.machine.value_or("");
  struct stat info = {};
  if (fstat(fd.get(), &info) != 0) fail("the file cannot be examined: " + reason(errno));
  for (const MapRow& row : map.rows()) {
    report.rows.push_back({.guest_address = row.guest_address,
                           .length = row.length,
                           .permission = row.permission,
                           .backend = {},
                           .path = spec.target,
                           .inode = info.st_ino,
                           .file_offset = row.file_offset});
  }
  std::vector<Mapping> mappings;
  mappings.emplace_back(std::move(fd), size, !spec.read_only, spec.target);
  return {GuestMemory(spec.read_only ? map.read_only() : map, std::move(mappings)),
          std::move(report)};
}

void refuse_watch(const Spec& spec) {
  if (spec.watch) refuse("key 'watch' is for qmp: only; it is a second QMP socket, for the events");
}

void check_file_keys(const Spec& spec, const std::string& expected) {
  if (spec.target.empty()) refuse("no path after 'file:', expected " + expected);
  refuse_watch(spec);
  if (spec.image || spec.fill) {
    refuse(std::string("key ") + (spec.image ? "'image'" : "'fill'") +
           " is for mock: only; attaching to a guest does not change its RAM");
  }
  if (!spec.machine && !spec.base) {
    refuse(
        "neither machine= nor base= is given, and a guest address is not the file offset on most "
        "machines; add machine=pc (or q35, arm-virt ...), or base=0 for a file that starts at 0, "
        "or ask QEMU with qmp:SOCKET");
  }
}

Attachment attach_file(const Spec& spec) {
  const std::string expected = "the file that QEMU has as mem-path";
  check_file_keys(spec, expected);
  FileDescriptor fd = open_existing(
      spec.target, spec.read_only, expected,
      "start QEMU with -object memory-backend-file,mem-path=" + spec.target +
          ",share=on,... first, or use mock:" + spec.target + ",size=... without a guest");
  const std::uint64_t file_size = size_of_file(fd.get(), spec.target, expected);
  const std::string has = "file " + in_quotes(spec.target) + " has " + hex(file_size) + " bytes";
  if (file_size == 0) fail(has + ": it is empty; wait until QEMU has made it as large as its RAM");
  const std::uint64_t size = spec.size.value_or(file_size);
  if (size > file_size) fail(has + ", too small for size=" + hex(size));
  if (!spec.size && size % kPageBytes != 0) {
    fail(has + ", no multiple of " + hex(kPageBytes) + ", so it is not a guest's RAM");
  }
  if (!spec.read_only) detail::claim_for_writing(fd.get(), spec.target, spec.shared);
  return map_file(spec, layout_of(spec, size), std::move(fd), size);
}

void write_at(int fd, std::span<const std::byte> data, std::uint64_t offset, const Spec& spec) {
  while (!data.empty()) {
    const ssize_t put = pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      fail("mock RAM " + in_quotes(spec.target) + " cannot be written at byte " + hex(offset) +
           ": " + reason(put < 0 ? errno : ENOSPC) + "; is its file system full?");
    }
    data = data.subspan(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
}

constexpr std::uint64_t kChunkBytes = std::uint64_t{1} << 20;

void fill_file(int fd, const Spec& spec, std::uint64_t size) {
  // Zeroes are a hole: no pages for them.
  if (*spec.fill == 0 &&
      fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size)) == 0) {
    return;
  }
  const std::vector<std::byte> chunk(kChunkBytes, std::byte{*spec.fill});
  for (std::uint64_t offset = 0; offset < size; offset += kChunkBytes) {
    write_at(fd, std::span(chunk).first(std::min(kChunkBytes, size - offset)), offset, spec);
  }
}

FileDescriptor open_image(const Spec& spec, std::uint64_t size) {
  std::error_code ignored;
  if (std::filesystem::equivalent(*spec.image, spec.target, ignored)) {
    fail("image " + in_quotes(*spec.image) + " is the mock RAM file itself");
  }
  const std::string expected = "a file with the first bytes of RAM";
  FileDescriptor image =
      open_existing(*spec.image, true, expected, "key 'image' wants one that does");
  const std::uint64_t image_size = size_of_file(image.get(), *spec.image, expected);
  if (image_size > size) {
    fail("image " + in_quotes(*spec.image) + " has " + hex(image_size) +
         " bytes, more than size=" + hex(size));
  }
  return image;
}

// A file may have more than its size says: those of /proc say 0, others grow.
void copy_image(int image, int fd, const Spec& spec, std::uint64_t size) {
  std::vector<std::byte> chunk(kChunkBytes);
  for (std::uint64_t offset = 0;;) {
    const ssize_t got = read(image, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("image " + in_quotes(*spec.image) + " cannot be read: " + reason(errno));
    if (got == 0) return;
    if (!range_fits(offset, static_cast<std::uint64_t>(got), size)) {
      fail("image " + in_quotes(*spec.image) + " has more than size=" + hex(size) + " bytes");
    }
    write_at(fd, std::span(chunk).first(static_cast<std::size_t>(got)), offset, spec);
    offset += static_cast<std::uint64_t>(got);
  }
}

void set_size(int fd, const Spec& spec, std::uint64_t size) {
  if (ftruncate(fd, static_cast<off_t>(size)) != 0) {
    fail("mock RAM " + in_quotes(spec.target) + " cannot be made " + hex(size) +
         " bytes long: " + reason(errno));
  }
}

FileDescriptor make_anonymous(const Spec& spec, std::uint64_t size) {
  FileDescriptor fd(memfd_create("guestlink-mock", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (fd.get() < 0) fail("anonymous mock RAM cannot be made: " + reason(errno));
  set_size(fd.get(), spec, size);
  // Nobody who opens it through /proc can shrink it under us. Without seals it works as well.
  (void)fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  return fd;
}

// Opens what is at the path; none if nothing is.
FileDescriptor reuse_mock(const Spec& spec, std::uint64_t size) {
  if (access(spec.target.c_str(), F_OK) != 0) {
    std::error_code ignored;
    if (std::filesystem::is_symlink(spec.target, ignored)) {
      fail(in_quotes(spec.target) +
           " is a symbolic link to nothing, expected a file or a free name");
    }
    return {};
  }
  const bool only_read = spec.read_only && !spec.image && !spec.fill;
  FileDescriptor fd = open_existing(spec.target, only_read, "a mock RAM file", "try again");
  const std::uint64_t has = size_of_file(fd.get(), spec.target, "a mock RAM file");
  if (has != size) {
    fail("file " + in_quotes(spec.target) + " exists and has " + hex(has) +
         " bytes, not size=" + hex(size) + "; remove it, or give its size to use it again");
  }
  if (!only_read) detail::claim_for_writing(fd.get(), spec.target, spec.shared);
  return fd;
}

void fill_mock(int fd, int image, const Spec& spec, std::uint64_t size) {
  if (spec.fill) fill_file(fd, spec, size);
  if (spec.image) copy_image(image, fd, spec, size);
}

// Who waits for the file to appear finds it with its size and content.
FileDescriptor make_mock(int image, const Spec& spec, std::uint64_t size) {
  constexpr mode_t kMode = 0660;
  const auto refuse = [&](int error) {
    fail("file " + in_quotes(spec.target) + " cannot be created: " + reason(error));
  };
  NewFile file(spec.target.c_str(), kMode);
  if (file.fd() < 0) refuse(errno);
  set_size(file.fd(), spec, size);
  detail::claim_for_writing(file.fd(), spec.target, spec.shared);
  fill_mock(file.fd(), image, spec, size);
  if (file.publish(Existing::kKeep)) return file.take();
  if (errno != EEXIST) refuse(errno);
  FileDescriptor made_meanwhile = reuse_mock(spec, size);
  if (made_meanwhile.get() < 0) refuse(EEXIST);
  return made_meanwhile;
}

Attachment attach_mock(const Spec& spec) {
  refuse_watch(spec);
  if (spec.qtest) refuse("key 'qtest' is for file: and qmp: only; mock RAM has no QEMU");
  if (!spec.size) refuse("key 'size' is missing; mock: needs one, such as size=64M");
  const std::uint64_t size = *spec.size;
  const AddressMap map = layout_of(spec, size);
  const FileDescriptor image = spec.image ? open_image(spec, size) : FileDescriptor();
  FileDescriptor fd = spec.target.empty() ? make_anonymous(spec, size) : reuse_mock(spec, size);
  if (fd.get() < 0) {
    fd = make_mock(image.get(), spec, size);
  } else {
    fill_mock(fd.get(), image.get(), spec, size);
  }
  if (spec.read_only) detail::unlock_for_writing(fd.get());
  return map_file(spec, map, std::move(fd), size);
}

[[noreturn]] void refuse_scheme(const Spec& spec) {
  refuse("scheme " + in_quotes(spec.scheme) + " is not known; one of file qmp mock");
}

Attachment attach_parsed(const Spec& spec) {
  if (spec.scheme == "file") return attach_file(spec);
  if (spec.scheme == "qmp") return detail::attach_qmp(spec).attachment;
  if (spec.scheme == "mock") return attach_mock(spec);
  refuse_scheme(spec);
}

// The socket for events, before anything is attached: what happens from here on waits in it.
std::optional<QmpClient> connect_watcher(const std::string& path,
                                         std::vector<std::string>& warnings) {
  try {
    return QmpClient(path, {.call = std::chrono::milliseconds(2000)});
  } catch (const std::exception& error) {
    warnings.push_back(std::string("resets of the guest will not be noticed: ") + error.what());
    return std::nullopt;
  }
}

void follow_qmp(LiveAttachment& live, std::optional<QmpClient> connection) {
  std::vector<std::string> warnings;
  std::optional<QmpClient> watcher;
  if (live.spec.watch) {
    watcher = connection ? std::exchange(connection, std::nullopt)
                         : connect_watcher(*live.spec.watch, warnings);
  }
  detail::QmpAttachment attached = detail::attach_qmp(live.spec, std::move(connection));
  live.attachment = std::move(attached.attachment);
  live.rows = std::move(attached.rows);
  const pid_t pid = attached.connection.peer().pid;
  live.connection = live.spec.watch ? std::move(watcher) : std::move(attached.connection);
  if (!live.connection) live.qemus.push_back({pid, detail::open_process(pid)});
  std::move(warnings.begin(), warnings.end(), std::back_inserter(live.attachment.report.warnings));
}

void follow_file(LiveAttachment& live) {
  const FileDescriptor fd(open(live.spec.target.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() >= 0) live.qemus = detail::find_qemus(fd.get());
  std::vector<std::string>& warnings = live.attachment.report.warnings;
  if (live.qemus.empty()) {
    warnings.push_back(
        "no QEMU that this user may look into has the file mapped: its guest has ended, or its end "
        "will not be noticed");
  } else if (live.qemus.size() > 1) {
    warnings.push_back("QEMU runs twice in this RAM, as processes " +
                       std::to_string(live.qemus[0].pid) + " and " +
                       std::to_string(live.qemus[1].pid) + ": each destroys the other's");
  }
}

LiveAttachment follow_parsed(const Spec& spec, bool watch, std::optional<QmpClient> connection) {
  LiveAttachment live;
  live.spec = spec;
  if (spec.scheme == "qmp" && watch) {
    follow_qmp(live, std::move(connection));
  } else {
    live.attachment = attach_parsed(spec);
    if (spec.scheme == "file" && watch) follow_file(live);
  }
  return live;
}

// What `attach` makes of the spec; what it throws becomes an AttachError.
template <typename Attach>
auto attach_text(std::string_view text, Attach attach) {
  // A spec that is longer than any path hides what is said of it.
  constexpr std::size_t kShown = 400;
  const std::string prefix =
      "attach spec " + in_quotes(text.substr(0, kShown)) + (text.size() > kShown ? "...: " : ": ");
  try {
    return attach(detail::parse_spec(text));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::invalid_argument& error) {
    throw AttachError(AttachError::Kind::kSpec, prefix + error.what());
  } catch (const std::exception& error) {
    throw AttachError(AttachError::Kind::kFailed, prefix + error.what());
  }
}

}  // namespace

Attachment attach_with_report(std::string_view spec) { return attach_text(spec, attach_parsed); }

GuestMemory attach(std::string_view spec) { return attach_with_report(spec).memory; }

LiveAttachment detail::attach_live(std::string_view text, bool watch,
                                   std::optional<QmpClient> connection) {
  return attach_text(text, [&](const Spec& spec) {
    return follow_parsed(spec, watch, std::exchange(connection, std::nullopt));
  });
}

}  // namespace guestlink
