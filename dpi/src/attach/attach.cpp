// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "guestlink/attach.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <new>
#include <string>
#include <system_error>

#include "attach/spec.h"
#include "memory/new_file.h"
#include "memory/writer_lock.h"

namespace guestlink {
namespace {

using detail::in_quotes;
using detail::Spec;

[[noreturn]] void fail(const std::string& message) { throw AttachError(message); }

std::string reason(int error) { return std::generic_category().message(error); }

// Size of an open file; refuses what is not a regular one.
std::uint64_t size_of_file(int fd, const std::string& path, const std::string& expected) {
  struct stat info = {};
  if (fstat(fd, &info) != 0)
    fail("file " + in_quotes(path) + " cannot be examined: " + reason(errno));
  if (S_ISDIR(info.st_mode)) fail(in_quotes(path) + " is a directory, expected " + expected);
  if (!S_ISREG(info.st_mode))
    fail(in_quotes(path) + " is not a regular file, expected " + expected);
  return static_cast<std::uint64_t>(info.st_size);
}

FileDescriptor open_existing(const std::string& path, bool read_only, const std::string& expected,
                             const std::string& if_missing) {
  // O_NONBLOCK: opening a FIFO must not wait for its other end. It means nothing to a regular file.
  const int flags = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK;
  FileDescriptor fd(open(path.c_str(), flags));
  if (fd.get() >= 0) return fd;
  switch (errno) {
    case ENOENT:
      fail("file " + in_quotes(path) + " does not exist; " + if_missing);
    case EISDIR:
      fail(in_quotes(path) + " is a directory, expected " + expected);
    case EACCES:
    case EPERM:
    case EROFS:
      fail("file " + in_quotes(path) + " cannot be opened for " +
           (read_only ? "reading: " : "reading and writing: ") + reason(errno) +
           (read_only ? "; run as a user who may read it"
                      : "; run as a user who may write it, or add ,ro to only read"));
    default:
      fail("file " + in_quotes(path) + " cannot be opened: " + reason(errno));
  }
}

// Two simulators that do not know of each other must not write to one guest.
void claim(int fd, const Spec& spec) {
  if (detail::lock_for_writing(fd, spec.shared)) return;
  fail("file " + in_quotes(spec.target) +
       " is attached for writing already, by another simulator or another handle of this one; end "
       "that one first, add ,ro to only read, or add ,shared if both are meant to write");
}

AddressMap layout_of(const Spec& spec, std::uint64_t size) {
  if (spec.machine && spec.base) {
    fail("keys 'machine' (" + *spec.machine + ") and 'base' (" + hex(*spec.base) +
         ") are both given; give one of them");
  }
  const AddressMap map = spec.machine ? AddressMap::for_machine(*spec.machine, size)
                                      : AddressMap::for_base(spec.base.value_or(0), size);
  return spec.read_only ? map.read_only() : map;
}

GuestMemory map_file(const AddressMap& map, FileDescriptor fd, std::uint64_t size,
                     const Spec& spec) {
  std::vector<Mapping> mappings;
  mappings.emplace_back(std::move(fd), size, !spec.read_only, spec.target);
  return GuestMemory(map, std::move(mappings));
}

GuestMemory attach_file(const Spec& spec) {
  const std::string expected = "the file that QEMU has as mem-path";
  if (spec.target.empty()) fail("no path after 'file:', expected " + expected);
  if (spec.image || spec.fill) {
    fail(std::string("key ") + (spec.image ? "'image'" : "'fill'") +
         " is for mock: only; attaching to a guest does not change its RAM");
  }
  if (!spec.machine && !spec.base) {
    fail(
        "neither machine= nor base= is given, and a guest address is not the file offset on most "
        "machines; add machine=pc (or q35, arm-virt ...), or base=0 for a file that starts at 0");
  }
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
  if (!spec.read_only) claim(fd.get(), spec);
  return map_file(layout_of(spec, size), std::move(fd), size, spec);
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
  if (!only_read) claim(fd.get(), spec);
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
  detail::NewFile file(spec.target.c_str(), kMode);
  if (file.fd() < 0) refuse(errno);
  set_size(file.fd(), spec, size);
  claim(file.fd(), spec);
  fill_mock(file.fd(), image, spec, size);
  if (file.publish(detail::Existing::kKeep)) return file.take();
  if (errno != EEXIST) refuse(errno);
  FileDescriptor made_meanwhile = reuse_mock(spec, size);
  if (made_meanwhile.get() < 0) refuse(EEXIST);
  return made_meanwhile;
}

GuestMemory attach_mock(const Spec& spec) {
  if (!spec.size) fail("key 'size' is missing; mock: needs one, such as size=64M");
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
  return map_file(map, std::move(fd), size, spec);
}

GuestMemory attach_parsed(const Spec& spec) {
  if (spec.scheme == "file") return attach_file(spec);
  if (spec.scheme == "mock") return attach_mock(spec);
  if (spec.scheme == "qmp") {
    fail("scheme 'qmp' is not supported yet; use file:PATH,machine=NAME with the mem-path of QEMU");
  }
  fail("scheme " + in_quotes(spec.scheme) + " is not known; one of file mock");
}

}  // namespace

GuestMemory attach(std::string_view spec) {
  // A spec that is longer than any path hides what is said of it.
  constexpr std::size_t kShown = 400;
  const std::string prefix =
      "attach spec " + in_quotes(spec.substr(0, kShown)) + (spec.size() > kShown ? "...: " : ": ");
  try {
    return attach_parsed(detail::parse_spec(spec));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw AttachError(prefix + error.what());
  }
}

}  // namespace guestlink
