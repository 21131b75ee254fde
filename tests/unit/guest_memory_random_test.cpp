// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Random accesses of every kind against a model: one byte and one permission an address, nothing
// clever.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <random>

#include "support/boundary_table.h"
#include "support/seed.h"

namespace guestlink::test {
namespace {

using Bytes = std::vector<std::byte>;

class Model {
 public:
  explicit Model(const GuestMemory& memory) {
    const AddressMap map = EdgeMemory::map();
    for (const MapRow& row : map.rows()) {
      Bytes bytes(row.length);
      EXPECT_EQ(memory.read(row.guest_address, bytes), AccessStatus::kOk);
      for (std::uint64_t i = 0; i < row.length; ++i) bytes_[row.guest_address + i] = bytes[i];
    }
  }

  [[nodiscard]] AccessStatus status(std::uint64_t address, std::uint64_t length,
                                    Access access) const {
    bool read_only = false;
    for (std::uint64_t i = 0; i < length; ++i) {
      if (address + i < address || !bytes_.contains(address + i)) return AccessStatus::kOutOfRange;
      read_only = read_only || (address + i >= 0xA000 && address + i < 0xB000) ||
                  (address + i >= 0xD000 && address + i < 0xE000);
    }
    return access == Access::kWrite && read_only ? AccessStatus::kReadOnly : AccessStatus::kOk;
  }
  [[nodiscard]] Bytes read(std::uint64_t address, std::uint64_t length) const {
    Bytes bytes;
    for (std::uint64_t i = 0; i < length; ++i) bytes.push_back(bytes_.at(address + i));
    return bytes;
  }
  void write(std::uint64_t address, std::span<const std::byte> bytes) {
    for (std::uint64_t i = 0; i < bytes.size(); ++i) bytes_[address + i] = bytes[i];
  }

 private:
  std::map<std::uint64_t, std::byte> bytes_;
};

class GuestMemoryRandomTest : public testing::Test {
 protected:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  // Near an edge of the map, mostly.
  std::uint64_t address() {
    constexpr std::uint64_t kEdges[] = {0,
                                        0x1000,
                                        0x2000,
                                        0x3000,
                                        0x4000,
                                        0x8000,
                                        0xA000,
                                        0xB000,
                                        EdgeMemory::kTopPage,
                                        EdgeMemory::kTopPage + 0x1000};
    if (below(16) == 0) return random_();
    return kEdges[below(std::size(kEdges))] + below(0x400) - 0x200;
  }
  std::uint64_t length() { return below(4) == 0 ? below(0x2000) : below(300); }
  Bytes bytes(std::uint64_t size) {
    Bytes result(size);
    for (std::byte& byte : result) byte = static_cast<std::byte>(random_());
    return result;
  }

  void block_read() {
    const std::uint64_t at = address();
    Bytes data(length());
    const AccessStatus expected = model_.status(at, data.size(), Access::kRead);
    ASSERT_EQ(edge_.memory().read(at, data), expected) << hex(at) << " " << data.size();
    if (expected == AccessStatus::kOk) {
      ASSERT_EQ(data, model_.read(at, data.size())) << hex(at);
    }
  }
  void block_write() {
    const std::uint64_t at = address();
    const Bytes data = bytes(length());
    const AccessStatus expected = model_.status(at, data.size(), Access::kWrite);
    ASSERT_EQ(edge_.memory().write(at, data), expected) << hex(at) << " " << data.size();
    if (expected == AccessStatus::kOk) model_.write(at, data);
  }
  template <typename T>
  void scalar() {
    const std::uint64_t at = address();
    const T stored = static_cast<T>(random_());
    const AccessStatus expected = model_.status(at, sizeof(T), Access::kWrite);
    ASSERT_EQ(edge_.memory().store(at, stored), expected) << hex(at);
    if (expected == AccessStatus::kOk) model_.write(at, std::as_bytes(std::span(&stored, 1)));
    T loaded{};
    const AccessStatus readable = model_.status(at, sizeof(T), Access::kRead);
    ASSERT_EQ(edge_.memory().load(at, loaded), readable) << hex(at);
    if (readable == AccessStatus::kOk) {
      const auto view = std::as_bytes(std::span(&loaded, 1));
      ASSERT_EQ(Bytes(view.begin(), view.end()), model_.read(at, sizeof(T))) << hex(at);
    }
  }
  template <std::size_t Size>
  void beat() {
    const std::uint64_t at = address() & ~(std::uint64_t{Size} - 1);
    const Bytes data = bytes(Size);
    Bytes strobe = bytes((Size + 7) / 8);
    if (below(2) == 0) std::fill(strobe.begin(), strobe.end(), std::byte{0xFF});
    const AccessStatus expected = model_.status(at, Size, Access::kWrite);
    ASSERT_EQ(edge_.memory().write_beat<Size>(at, data.data(), strobe.data()), expected) << hex(at);
    for (std::size_t i = 0; expected == AccessStatus::kOk && i < Size; ++i) {
      if ((strobe[i / 8] >> (i % 8) & std::byte{1}) != std::byte{0}) {
        model_.write(at + i, std::span(&data[i], 1));
      }
    }
    Bytes back(Size);
    const AccessStatus readable = model_.status(at, Size, Access::kRead);
    ASSERT_EQ(edge_.memory().read_beat<Size>(at, back.data()), readable) << hex(at);
    if (readable == AccessStatus::kOk) {
      ASSERT_EQ(back, model_.read(at, Size)) << hex(at);
    }
  }
  void copy() {
    const std::uint64_t from = address();
    const std::uint64_t to = below(2) == 0 ? from + below(64) - 32 : address();
    const std::uint64_t size = length();
    AccessStatus expected = model_.status(from, size, Access::kRead);
    if (expected == AccessStatus::kOk) expected = model_.status(to, size, Access::kWrite);
    ASSERT_EQ(edge_.memory().copy(to, from, size), expected)
        << hex(to) << " from " << hex(from) << " length " << size;
    if (expected == AccessStatus::kOk) model_.write(to, model_.read(from, size));
  }
  void fill() {
    const std::uint64_t at = address();
    const Bytes data(length(), static_cast<std::byte>(random_()));
    const AccessStatus expected = model_.status(at, data.size(), Access::kWrite);
    const std::byte value = data.empty() ? std::byte{0} : data[0];
    ASSERT_EQ(edge_.memory().fill(at, data.size(), value), expected) << hex(at);
    if (expected == AccessStatus::kOk) model_.write(at, data);
  }
  void any_access() {
    switch (below(12)) {
      case 0:
        return block_read();
      case 1:
        return block_write();
      case 2:
        return scalar<std::uint8_t>();
      case 3:
        return scalar<std::uint16_t>();
      case 4:
        return scalar<std::uint32_t>();
      case 5:
        return scalar<std::uint64_t>();
      case 6:
        return beat<4>();
      case 7:
        return beat<8>();
      case 8:
        return beat<64>();
      case 9:
        return beat<128>();
      case 10:
        return copy();
      default:
        return fill();
    }
  }

  std::mt19937_64 random_{random_seed()};
  EdgeMemory edge_;
  Model model_{edge_.memory()};
};

TEST_F(GuestMemoryRandomTest, AgreesWithAByteMap) {
  const auto guards = edge_.snapshot();
  for (int i = 0; i < 20000 && !HasFatalFailure(); ++i) any_access();
  const auto after = edge_.snapshot();
  std::vector<bool> shown(after.size());
  const AddressMap map = EdgeMemory::map();
  for (const MapRow& row : map.rows()) {
    const Bytes expected = model_.read(row.guest_address, row.length);
    const std::size_t first = EdgeMemory::index_of(row.guest_address);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), &after[first]))
        << hex(row.guest_address);
    for (std::size_t i = 0; i < row.length; ++i) shown[first + i] = true;
  }
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (shown[i]) continue;
    ASSERT_EQ(after[i], guards[i]) << "guard byte " << i << " changed";
  }
}

// Maps of many rows of any size and distance, in any order in the file; a third is read-only.
class RandomRows {
 public:
  explicit RandomRows(std::mt19937_64& random) {
    const std::uint64_t count = 1 + random() % 150;
    const std::uint64_t widest_gap =
        12 + random() % 40;  // in bits: of the size of rows, or far larger
    std::uint64_t address = random() % 2 == 0 ? 0 : random() >> (1 + random() % 50);
    for (std::uint64_t i = 0; i < count; ++i) {
      address += random() % 2 == 0 ? 0 : random() >> (64 - widest_gap);
      address = (address + kPageBytes - 1) / kPageBytes * kPageBytes;
      const std::uint64_t length = (1 + random() % 16) * kPageBytes;
      rows.push_back(
          {.guest_address = address,
           .length = length,
           .permission = random() % 3 == 0 ? Permission::kReadOnly : Permission::kReadWrite});
      address += length;
    }
    std::shuffle(rows.begin(), rows.end(), random);
    for (MapRow& row : rows) {
      row.file_offset = file_bytes;
      file_bytes += row.length;
    }
  }

  // Each 8 bytes of the file hold their offset.
  [[nodiscard]] GuestMemory memory() const {
    FileDescriptor fd(memfd_create("guestlink-test", MFD_CLOEXEC));
    EXPECT_EQ(ftruncate(fd.get(), static_cast<off_t>(file_bytes)), 0);
    std::vector<Mapping> mappings;
    mappings.emplace_back(std::move(fd), file_bytes, true);
    for (std::uint64_t i = 0; i < file_bytes; i += 8) {
      std::memcpy(mappings[0].data() + i, &i, sizeof i);
    }
    return {AddressMap(rows), std::move(mappings)};
  }

  // By going through all of them.
  [[nodiscard]] const MapRow* find(std::uint64_t address) const {
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const MapRow& row) {
      return address - row.guest_address < row.length;
    });
    return found == rows.end() ? nullptr : &*found;
  }

  std::vector<MapRow> rows;
  std::uint64_t file_bytes = 0;
};

void expect_access(GuestMemory& memory, const RandomRows& map, std::uint64_t address) {
  const MapRow* const row = map.find(address);
  const bool writable = row != nullptr && row->permission == Permission::kReadWrite;
  const AccessStatus refusal = row == nullptr ? AccessStatus::kOutOfRange : AccessStatus::kReadOnly;
  std::uint64_t value = 0;
  ASSERT_EQ(memory.load(address, value),
            row == nullptr ? AccessStatus::kOutOfRange : AccessStatus::kOk)
      << hex(address);
  if (row != nullptr) {
    ASSERT_EQ(value, row->file_offset + (address - row->guest_address)) << hex(address);
  }
  ASSERT_EQ(memory.store(address, value), writable ? AccessStatus::kOk : refusal) << hex(address);
}

TEST(GuestMemoryRowsTest, EveryRowIsFoundAndNoHole) {
  std::mt19937_64 random(random_seed());
  for (int round = 0; round < 40 && !testing::Test::HasFatalFailure(); ++round) {
    const RandomRows map(random);
    GuestMemory memory = map.memory();
    for (const MapRow& row : map.rows) {
      const std::uint64_t inside = row.guest_address + random() % (row.length / 8) * 8;
      for (const std::uint64_t address :
           {row.guest_address - 8, row.guest_address, inside, row.guest_address + row.length - 8,
            row.guest_address + row.length}) {
        expect_access(memory, map, address);
      }
    }
    for (int i = 0; i < 200; ++i) {
      expect_access(memory, map, random() >> random() % 52 & ~std::uint64_t{7});
    }
    memory.detach();
    for (const MapRow& row : map.rows) {
      std::uint64_t value = 0;
      ASSERT_EQ(memory.load(row.guest_address, value), AccessStatus::kDetached);
      ASSERT_EQ(memory.store(row.guest_address, value), AccessStatus::kDetached);
    }
  }
}

}  // namespace
}  // namespace guestlink::test
