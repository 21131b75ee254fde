// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Every address-taking function of the C ABI over the boundary table, the same as for GuestMemory.
#include <gtest/gtest.h>

#include "fake_svdpi.h"
#include "guestlink_dpi.h"
#include "guestlink_handles.h"
#include "support/boundary_check.h"
#include "support/temporary_directory.h"

namespace guestlink::test {
namespace {

constexpr std::uint64_t kElsewhere =
    0x8000;  // a page of RAM for the other side of copy and compare

using Bytes = std::vector<std::byte>;
using Make = std::function<Operation(void*)>;

AccessStatus status_of(int status) { return static_cast<AccessStatus>(status); }

template <typename T>
constexpr T written_word() {
  return static_cast<T>(0x5A5A5A5A5A5A5A5AU);
}

template <typename T>
Make read_word(int (*function)(void*, unsigned long long, T*)) {
  return [function](void* handle) {
    return Operation{"read" + std::to_string(sizeof(T) * 8), sizeof(T), Access::kRead, false,
                     [=](std::uint64_t address, std::uint64_t, Bytes& data) {
                       T value{};
                       const int status = function(handle, address, &value);
                       const auto view = std::as_bytes(std::span(&value, 1));
                       data.assign(view.begin(), view.end());
                       return status_of(status);
                     }};
  };
}

template <typename T>
Make write_word(int (*function)(void*, unsigned long long, T)) {
  return [function](void* handle) {
    return Operation{"write" + std::to_string(sizeof(T) * 8), sizeof(T), Access::kWrite, false,
                     [=](std::uint64_t address, std::uint64_t, Bytes&) {
                       return status_of(function(handle, address, written_word<T>()));
                     }};
  };
}

template <typename T>
Make compare_swap(int (*swap)(void*, unsigned long long, T, T, T*),
                  int (*load)(void*, unsigned long long, T*)) {
  return [=](void* handle) {
    return Operation{"compare_swap" + std::to_string(sizeof(T) * 8), sizeof(T), Access::kWrite,
                     true, [=](std::uint64_t address, std::uint64_t, Bytes&) {
                       T found{};
                       (void)load(handle, address, &found);
                       T previous = found;
                       const int status =
                           swap(handle, address, found, written_word<T>(), &previous);
                       EXPECT_EQ(previous, found);
                       return status_of(status);
                     }};
  };
}

template <typename T>
Make fetch_add(int (*add)(void*, unsigned long long, T, T*),
               int (*load)(void*, unsigned long long, T*)) {
  return [=](void* handle) {
    return Operation{"fetch_add" + std::to_string(sizeof(T) * 8), sizeof(T), Access::kWrite, true,
                     [=](std::uint64_t address, std::uint64_t, Bytes&) {
                       T found{};
                       (void)load(handle, address, &found);
                       T previous = found;
                       const T operand = static_cast<T>(written_word<T>() - found);
                       const int status = add(handle, address, operand, &previous);
                       EXPECT_EQ(previous, found);
                       return status_of(status);
                     }};
  };
}

Make read_beat(std::size_t size, int (*function)(void*, unsigned long long, svBitVecVal*)) {
  return [=](void* handle) {
    return Operation{"read_beat" + std::to_string(size * 8), size, Access::kRead, true,
                     [=](std::uint64_t address, std::uint64_t, Bytes& data) {
                       std::vector<svBitVecVal> words(size / sizeof(svBitVecVal));
                       const int status = function(handle, address, words.data());
                       const auto view = std::as_bytes(std::span(words));
                       data.assign(view.begin(), view.end());
                       return status_of(status);
                     }};
  };
}

Make write_beat(std::size_t size, int (*function)(void*, unsigned long long, const svBitVecVal*,
                                                  const svBitVecVal*)) {
  return [=](void* handle) {
    return Operation{"write_beat" + std::to_string(size * 8), size, Access::kWrite, true,
                     [=](std::uint64_t address, std::uint64_t, Bytes&) {
                       const std::vector<svBitVecVal> data(size / 4, written_word<svBitVecVal>());
                       // Bits above the strobe's width are not ours to read.
                       const std::vector<svBitVecVal> strobe((size + 31) / 32, ~svBitVecVal{0});
                       return status_of(function(handle, address, data.data(), strobe.data()));
                     }};
  };
}

template <bool HasCLayout>
Operation read_block(void* handle) {
  return {HasCLayout ? "read_block" : "read_block_by_element", 0, Access::kRead, false,
          [=](std::uint64_t address, std::uint64_t length, Bytes& data) {
            OpenArray array{Bytes(length)};
            array.has_c_layout = HasCLayout;
            const int status = guestlink_read_block(handle, address, &array);
            data = array.bytes;
            return status_of(status);
          }};
}

template <bool HasCLayout>
Operation write_block(void* handle) {
  return {HasCLayout ? "write_block" : "write_block_by_element", 0, Access::kWrite, false,
          [=](std::uint64_t address, std::uint64_t length, Bytes&) {
            OpenArray array{Bytes(length, kWritten)};
            array.has_c_layout = HasCLayout;
            return status_of(guestlink_write_block(handle, address, &array));
          }};
}

Operation write_code(void* handle) {
  return {"write_code", 0, Access::kWrite, false,
          [=](std::uint64_t address, std::uint64_t length, Bytes&) {
            OpenArray array{Bytes(length, kWritten)};
            return status_of(guestlink_write_code(handle, address, &array));
          }};
}

Operation fill(void* handle) {
  return {"fill", 0, Access::kWrite, false,
          [=](std::uint64_t address, std::uint64_t length, Bytes&) {
            return status_of(guestlink_fill(handle, address, length, 0x5A));
          }};
}

Operation copy_to(void* handle) {
  EXPECT_EQ(guestlink_fill(handle, kElsewhere, 0x1000, 0x5A), 0);
  return {"copy_to", 0, Access::kWrite, false,
          [=](std::uint64_t address, std::uint64_t length, Bytes&) {
            return status_of(guestlink_copy(handle, address, kElsewhere, length));
          }};
}

Operation copy_from(void* handle) {
  return {"copy_from", 0, Access::kRead, false,
          [=](std::uint64_t address, std::uint64_t length, Bytes& data) {
            OpenArray saved{Bytes(0x1000)};
            const bool is_open = guestlink_read_block(handle, kElsewhere, &saved) == 0;
            const int status = guestlink_copy(handle, kElsewhere, address, length);
            if (!is_open) return status_of(status);
            OpenArray copied{Bytes(status == 0 ? length : 0)};
            EXPECT_EQ(guestlink_read_block(handle, kElsewhere, &copied), 0);
            EXPECT_EQ(guestlink_write_block(handle, kElsewhere, &saved), 0);
            data = copied.bytes;
            return status_of(status);
          }};
}

template <bool First>
Operation compare(void* handle) {
  return {First ? "compare_a" : "compare_b", 0, Access::kRead, false,
          [=](std::uint64_t address, std::uint64_t length, Bytes&) {
            unsigned long long difference = 0;
            return status_of(
                First ? guestlink_compare(handle, address, kElsewhere, length, &difference)
                      : guestlink_compare(handle, kElsewhere, address, length, &difference));
          }};
}

Operation crc32c(void* handle) {
  return {"crc32c", 0, Access::kRead, false,
          [=](std::uint64_t address, std::uint64_t length, Bytes&) {
            unsigned int crc = 0;
            return status_of(guestlink_crc32c(handle, address, length, &crc));
          }};
}

Operation load_file(void* handle) {
  return {"load_file", 0, Access::kWrite, false,
          [=](std::uint64_t address, std::uint64_t length, Bytes&) {
            const TemporaryDirectory directory;
            const std::string path = directory.file("in", std::string(length, 'Z'));
            unsigned long long loaded = 0;
            const int status = guestlink_load_file(handle, address, path.c_str(), &loaded);
            EXPECT_EQ(loaded, status == 0 ? length : 0);
            return status_of(status);
          }};
}

Operation save_file(void* handle) {
  return {"save_file", 0, Access::kRead, false,
          [=](std::uint64_t address, std::uint64_t length, Bytes& data) {
            const TemporaryDirectory directory;
            const std::string path = directory.file("out");
            const int status = guestlink_save_file(handle, address, length, path.c_str());
            for (const char byte : content_of(path)) data.push_back(static_cast<std::byte>(byte));
            return status_of(status);
          }};
}

// A handle for the memory of an EdgeMemory, closed at the end.
class Handle {
 public:
  explicit Handle(EdgeMemory& edge) : handle_(guestlink_from_id(register_memory(edge.take()))) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { EXPECT_EQ(guestlink_close(handle_), GUESTLINK_OK); }
  [[nodiscard]] void* get() const { return handle_; }

 private:
  void* handle_;
};

class ShimBoundaryTest : public testing::TestWithParam<Make> {};

TEST_P(ShimBoundaryTest, StatusAndBytesAreExact) {
  std::optional<Handle> handle;
  check_boundaries([&](EdgeMemory& edge) {
    handle.emplace(edge);
    return GetParam()(handle->get());
  });
}

TEST_P(ShimBoundaryTest, NoHandleIsBadHandle) {
  Bytes data;
  const Operation probe = [] {
    EdgeMemory edge;
    const Handle handle(edge);
    return GetParam()(handle.get());  // its handle is closed by the time it runs
  }();
  const std::uint64_t length = probe.length != 0 ? probe.length : 8;
  EXPECT_EQ(probe.run(0x1000, length, data), AccessStatus::kBadHandle);
}

INSTANTIATE_TEST_SUITE_P(
    All, ShimBoundaryTest,
    testing::Values(
        read_word(guestlink_read8), read_word(guestlink_read16), read_word(guestlink_read32),
        read_word(guestlink_read64), write_word(guestlink_write8), write_word(guestlink_write16),
        write_word(guestlink_write32), write_word(guestlink_write64),
        compare_swap(guestlink_compare_swap32, guestlink_read32),
        compare_swap(guestlink_compare_swap64, guestlink_read64),
        fetch_add(guestlink_fetch_add32, guestlink_read32),
        fetch_add(guestlink_fetch_add64, guestlink_read64), read_beat(4, guestlink_read_beat32),
        read_beat(8, guestlink_read_beat64), read_beat(16, guestlink_read_beat128),
        read_beat(32, guestlink_read_beat256), read_beat(64, guestlink_read_beat512),
        read_beat(128, guestlink_read_beat1024), write_beat(4, guestlink_write_beat32),
        write_beat(8, guestlink_write_beat64), write_beat(16, guestlink_write_beat128),
        write_beat(32, guestlink_write_beat256), write_beat(64, guestlink_write_beat512),
        write_beat(128, guestlink_write_beat1024), read_block<true>, read_block<false>,
        write_block<true>, write_block<false>, write_code, fill, copy_to, copy_from, compare<true>,
        compare<false>, crc32c, load_file, save_file),
    [](const auto& parameter) {
      EdgeMemory edge;
      const Handle handle(edge);
      return parameter.param(handle.get()).name;
    });

}  // namespace
}  // namespace guestlink::test
