// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/scoreboard.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "guestlink/address_map.h"
#include "guestlink/range.h"

namespace guestlink::sim {

Scoreboard::Scoreboard(GuestMemory& memory, std::uint64_t base, std::uint32_t seed)
    : memory_(memory), base_(base), random_(seed), expected_(kBytes), actual_(kBytes) {
  for (std::size_t i = 0; i < kBytes; i += 8) {
    const std::uint64_t word = random_();
    std::memcpy(&expected_[i], &word, 8);
  }
  const AccessStatus status = memory_.write(base_, expected_);
  if (status != AccessStatus::kOk) {
    throw std::runtime_error("self-test: cannot write " + hex(kBytes) + " bytes at " + hex(base_) +
                             ": " + to_string(status));
  }
  next_slot_ = static_cast<std::uint32_t>(random(kRingSlots));
}

// Small ones, where alignment matters most, ones about a page, and a few long ones.
std::uint32_t Scoreboard::random_size() {
  static constexpr std::uint64_t kLimits[] = {8, 72, 300, 300, 4200, 4200, 9000, kMaximumSize};
  return static_cast<std::uint32_t>(1 + random(kLimits[random(std::size(kLimits))]));
}

std::uint32_t Scoreboard::random_control(bool last) {
  std::uint32_t control = static_cast<std::uint32_t>(random(4)) << 1;  // snoop bits: no effect
  if (last || random(4) == 0) control |= kControlInterrupt;
  if (last || random(2) == 0) control |= kControlCompletion;
  if (random(8) == 0) control |= kControlFence;
  if (random(16) == 0) control |= kControlNull;
  return control;
}

// Destinations go upwards through their arena with gaps between; false when it is full.
bool Scoreboard::place(Descriptor& descriptor) {
  const std::uint64_t at = free_from_ + 1 + random(random(4) == 0 ? 4096 : 80);
  if (at + descriptor.size + 1 > kBytes) return false;
  descriptor.destination = base_ + at;
  free_from_ = at + descriptor.size;
  const Job* before = batch_.empty() ? nullptr : &batch_.back();
  if (before != nullptr && (before->descriptor.control & kControlFence) != 0 &&
      before->descriptor.size >= descriptor.size && random(2) == 0) {
    const std::uint64_t slack = before->descriptor.size - descriptor.size;
    descriptor.source = before->descriptor.destination + random(slack + 1);
    return true;
  }
  const std::uint64_t room = kDestinationOffset - kSourceOffset - descriptor.size;
  descriptor.source = base_ + kSourceOffset + random(room + 1);
  return true;
}

// Mostly the slot after this one, as drivers lay their rings out; never one of this batch or its
// last.
void Scoreboard::choose_next_slot() {
  slot_used_[next_slot_] = true;
  std::uint64_t step = random(8) == 0 ? random(kRingSlots) : 1;
  do {
    next_slot_ = static_cast<std::uint32_t>((next_slot_ + step) % kRingSlots);
    step = 1;
  } while (slot_used_[next_slot_]);
}

void Scoreboard::write(std::uint64_t address, const Descriptor& descriptor) {
  std::memcpy(&expected_[address - base_], &descriptor, sizeof descriptor);
  const auto bytes = std::as_bytes(std::span(&descriptor, 1));
  if (memory_.write(address, bytes) != AccessStatus::kOk) {
    throw std::runtime_error("self-test: cannot write the descriptor at " + hex(address));
  }
}

void Scoreboard::store(const Job& job) {
  write(job.address, job.descriptor);
  if ((job.descriptor.control & kControlNull) != 0) return;
  std::memmove(&expected_[job.descriptor.destination - base_],
               &expected_[job.descriptor.source - base_], job.descriptor.size);
}

const std::vector<Job>& Scoreboard::make_batch(std::uint32_t limit) {
  const std::uint64_t count = std::min<std::uint64_t>(limit, 1 + random(kMaximumBatch));
  free_from_ = kDestinationOffset + random(4096);
  slot_used_.assign(kRingSlots, false);
  // The engine may read the link of the last descriptor again: it stays as it is.
  if (!batch_.empty()) slot_used_[(batch_.back().address - base_) / sizeof(Descriptor)] = true;
  batch_.clear();
  while (batch_.size() < count) {
    Job job{next_index_, address_of(next_slot_), {}};
    job.descriptor.size = random_size();
    job.descriptor.control = random_control(batch_.size() + 1 == count);
    for (std::uint64_t& word : job.descriptor.reserved) word = random_();
    if (!place(job.descriptor)) break;
    choose_next_slot();
    job.descriptor.next = address_of(next_slot_);
    ++next_index_;
    batch_.push_back(job);
  }
  batch_.back().descriptor.control |= kControlInterrupt | kControlCompletion;
  for (const Job& job : batch_) store(job);
  GuestMemory::fence();
  return batch_;
}

void Scoreboard::append(Descriptor descriptor) {
  const std::uint64_t at = address_of(next_slot_);
  choose_next_slot();
  descriptor.next = address_of(next_slot_);
  write(at, descriptor);
}

void Scoreboard::make_fault(Fault fault, std::uint64_t hole, std::uint32_t transfer_limit) {
  constexpr std::uint32_t kOperationXor = 0x87U << 24;
  faulty_ = {};
  faulty_.size = static_cast<std::uint32_t>(1 + random(300));
  faulty_.control = kControlCompletion | (random(2) == 0 ? kControlFence : 0);
  faulty_.source = base_ + kSourceOffset;
  faulty_.destination = base_ + kDestinationOffset + random(4096);
  if (fault == Fault::kSizeZero) faulty_.size = 0;
  if (fault == Fault::kSizeAboveLimit) faulty_.size = transfer_limit + 1;
  if (fault == Fault::kOperation) faulty_.control |= kOperationXor;
  if (fault == Fault::kSourceHole) faulty_.source = hole + random(64);
  if (fault == Fault::kDestinationHole) faulty_.destination = hole + random(64);
  append(faulty_);
  follower_ = {};
  follower_.size = 100;
  follower_.control = kControlCompletion;
  follower_.source = base_ + kSourceOffset;
  follower_.destination = base_ + kDestinationOffset + 8192;
  append(follower_);
  GuestMemory::fence();
}

void Scoreboard::accept_destination(const Descriptor& descriptor) {
  const std::uint64_t offset = descriptor.destination - base_;
  if (!range_fits(offset, descriptor.size, kBytes)) return;
  const auto bytes = std::span(expected_).subspan(offset, descriptor.size);
  if (memory_.read(descriptor.destination, bytes) != AccessStatus::kOk) {
    throw std::runtime_error("self-test: cannot read at " + hex(descriptor.destination));
  }
}

// A refused write is known when its response comes: without a fence the next copy may be under way
// then.
void Scoreboard::accept_fault(Fault fault) {
  accept_destination(faulty_);
  if (fault == Fault::kDestinationHole && (faulty_.control & kControlFence) == 0) {
    accept_destination(follower_);
  }
}

std::optional<std::string> Scoreboard::compare() {
  if (memory_.read(base_, actual_) != AccessStatus::kOk) return "guest memory cannot be read";
  std::copy_n(&actual_[kRingBytes], 8, &expected_[kRingBytes]);
  const auto [want, have] = std::mismatch(expected_.begin(), expected_.end(), actual_.begin());
  if (want == expected_.end()) return std::nullopt;
  return describe(static_cast<std::uint64_t>(want - expected_.begin()), *have);
}

// The descriptor that writes the byte, or failing that the last one that writes near it.
const Job* Scoreboard::find_writer(std::uint64_t address, std::uint64_t margin) const {
  const auto found = std::find_if(batch_.rbegin(), batch_.rend(), [&](const Job& job) {
    return address - (job.descriptor.destination - margin) < job.descriptor.size + 2 * margin;
  });
  return found == batch_.rend() ? nullptr : &*found;
}

std::string Scoreboard::describe(std::uint64_t offset, std::byte actual) const {
  constexpr std::uint64_t kNear = 64;
  const std::uint64_t address = base_ + offset;
  char text[240];
  std::snprintf(text, sizeof text, "memory at %s holds 0x%02x instead of 0x%02x",
                hex(address).c_str(), std::to_integer<unsigned>(actual),
                std::to_integer<unsigned>(expected_[offset]));
  const std::string message = text;
  const Job* inside = find_writer(address, 0);
  const Job* job = inside != nullptr ? inside : find_writer(address, kNear);
  if (job == nullptr) return message + "; no descriptor of the batch writes near it";
  const Descriptor& of = job->descriptor;
  std::snprintf(text, sizeof text,
                "; %s descriptor %llu (at %s): %u bytes from %s to %s, control 0x%x",
                inside != nullptr ? "written by" : "beside what is written by",
                static_cast<unsigned long long>(job->index), hex(job->address).c_str(), of.size,
                hex(of.source).c_str(), hex(of.destination).c_str(), of.control);
  return message + text;
}

}  // namespace guestlink::sim
