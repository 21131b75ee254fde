// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "attach/qmp_client.h"
#include "guestlink/address_map.h"
#include "guestlink/mapping.h"

namespace guestlink::detail {

/// An empty file in a directory of its own, gone with its owner, that QEMU can write to if it runs
/// as `user` or as root.
class ScratchFile {
 public:
  /// Throws std::system_error.
  explicit ScratchFile(uid_t user);
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  std::string directory_;
  std::string path_;
  FileDescriptor fd_;
};

/// Has QEMU show what its guest sees and compares that with the file, one page of each row.
class SelfTest {
 public:
  enum class Result {
    kSame,
    kSameZeroes,  ///< equal, but any unused page of any file would be
    kNotTested,   ///< QEMU could not write the page, or would have died of looking at it
  };

  explicit SelfTest(QmpClient& qmp);

  /// `fd` is the row's file. Throws std::runtime_error if the page differs. A running guest may
  /// write while we look: only a byte that stays as it is counts, and the page is looked at again
  /// before it is an error.
  Result check(const MapRow& row, int fd);
  /// Why a row was not tested.
  [[nodiscard]] const std::string& obstacle() const noexcept {
    return obstacle_.empty() ? full_ : obstacle_;
  }

 private:
  bool save(std::uint64_t address, std::size_t length);

  QmpClient& qmp_;
  std::optional<ScratchFile> scratch_;
  std::string obstacle_;  // to all rows
  std::string full_;      // to the last one of some
};

/// The first byte that was the same before and after QEMU saved the page, but is another in what it
/// saved; none if there is no such byte.
std::optional<std::size_t> find_mismatch(std::span<const std::byte> before,
                                         std::span<const std::byte> saved,
                                         std::span<const std::byte> after) noexcept;

}  // namespace guestlink::detail
