// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "shell/command.h"
#include "shell/commands.h"
#include "shell/progress.h"
#include "shell/snapshot_file.h"
#include "shell/words.h"

namespace guestlink::shell {
namespace {

constexpr std::uint64_t kStep = std::uint64_t{1} << 18;  // whole pages

struct PageChange {
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;  // that differ
  std::uint64_t first = 0;  // address of the first
  std::byte before{};
  std::byte after{};
};

struct Changes {
  std::vector<PageChange> pages;  // the first of them
  std::uint64_t page_count = 0;
  std::uint64_t byte_count = 0;
};

std::string byte_text(std::byte byte) { return word_text(std::to_integer<unsigned>(byte), 8); }

std::vector<GuestRange> merge(std::vector<GuestRange> all) {
  std::sort(all.begin(), all.end(), [](const GuestRange& a, const GuestRange& b) {
    return a.guest_address < b.guest_address;
  });
  std::vector<GuestRange> merged;
  for (const GuestRange& range : all) {
    if (merged.empty() ||
        range.guest_address > merged.back().guest_address + merged.back().length) {
      merged.push_back(range);
      continue;
    }
    const std::uint64_t end = std::max(merged.back().guest_address + merged.back().length,
                                       range.guest_address + range.length);
    merged.back().length = end - merged.back().guest_address;
  }
  return merged;
}

/// What is in both, of two lists that are ascending and apart.
template <typename A, typename B>
std::vector<GuestRange> common(const A& a, const B& b) {
  std::vector<GuestRange> result;
  auto left = std::begin(a);
  auto right = std::begin(b);
  while (left != std::end(a) && right != std::end(b)) {
    const std::uint64_t left_end = left->guest_address + left->length;
    const std::uint64_t right_end = right->guest_address + right->length;
    const std::uint64_t from = std::max(left->guest_address, right->guest_address);
    const std::uint64_t to = std::min(left_end, right_end);
    if (from < to) result.push_back({from, to - from});
    if (left_end < right_end) {
      ++left;
    } else {
      ++right;
    }
  }
  return result;
}

class Differ {
 public:
  Differ(const Moment& before, const Moment& after, std::uint64_t limit)
      : before_(before), after_(after), limit_(limit), old_(kStep), new_(kStep) {}

  Changes run() {
    // Where neither has data both are zero.
    std::vector<GuestRange> runs = before_.runs();
    const auto more = after_.runs();
    runs.insert(runs.end(), more.begin(), more.end());
    const auto ranges = common(common(merge(std::move(runs)), before_.rows()), after_.rows());
    std::uint64_t total = 0;
    for (const GuestRange& range : ranges) total += range.length;
    Progress progress("comparing", total);
    for (const GuestRange& range : ranges) {
      for (std::uint64_t done = 0; done < range.length;) {
        const std::uint64_t at = range.guest_address + done;
        const std::uint64_t step = std::min(kStep - at % kPageBytes, range.length - done);
        compare(at, step);
        done += step;
        progress.advance(step);
      }
    }
    return std::move(changes_);
  }

 private:
  void compare(std::uint64_t address, std::uint64_t length) {
    const auto before = std::span(old_).first(length);
    const auto after = std::span(new_).first(length);
    before_.read(address, before);
    after_.read(address, after);
    for (std::uint64_t at = 0; at < length;) {
      const std::uint64_t step = std::min(kPageBytes - (address + at) % kPageBytes, length - at);
      compare_page(address + at, before.subspan(at, step), after.subspan(at, step));
      at += step;
    }
  }
  void compare_page(std::uint64_t address, std::span<const std::byte> before,
                    std::span<const std::byte> after) {
    if (std::memcmp(before.data(), after.data(), before.size()) == 0) return;
    const std::uint64_t page_address = address - address % kPageBytes;
    PageChange page{page_address, 0, 0, {}, {}};
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (before[i] == after[i]) continue;
      if (page.bytes++ != 0) continue;
      page.first = address + i;
      page.before = before[i];
      page.after = after[i];
    }
    changes_.byte_count += page.bytes;
    // A page may come in parts, where rows end within it.
    if (page_address == last_page_ && changes_.page_count > 0) {
      if (changes_.page_count == changes_.pages.size()) changes_.pages.back().bytes += page.bytes;
      return;
    }
    last_page_ = page_address;
    ++changes_.page_count;
    if (changes_.pages.size() < limit_) changes_.pages.push_back(page);
  }

  const Moment& before_;
  const Moment& after_;
  std::uint64_t limit_;
  std::vector<std::byte> old_;
  std::vector<std::byte> new_;
  std::uint64_t last_page_ = 0;
  Changes changes_;
};

void print_rows(const char* what, const Moment& in, const Moment& not_in) {
  for (const GuestRange& row : in.rows()) {
    const auto rows = not_in.rows();
    if (std::find(rows.begin(), rows.end(), row) != rows.end()) continue;
    std::printf("%s: RAM %s - %s\n", what, hex(row.guest_address).c_str(),
                hex(row.guest_address + row.length - 1).c_str());
  }
}

void print_text(const Changes& changes, const Moment& before, const Moment& after) {
  print_rows("only before", before, after);
  print_rows("only after", after, before);
  for (const PageChange& page : changes.pages) {
    std::printf("%s: %llu byte%s, the first at %s: %s -> %s\n", hex(page.address).c_str(),
                static_cast<unsigned long long>(page.bytes), page.bytes == 1 ? "" : "s",
                hex(page.first).c_str(), byte_text(page.before).c_str(),
                byte_text(page.after).c_str());
  }
  if (changes.page_count > changes.pages.size()) {
    std::printf("and %llu more (--limit)\n",
                static_cast<unsigned long long>(changes.page_count - changes.pages.size()));
  }
  std::printf("%llu page%s, %llu byte%s\n", static_cast<unsigned long long>(changes.page_count),
              changes.page_count == 1 ? " differs" : "s differ",
              static_cast<unsigned long long>(changes.byte_count),
              changes.byte_count == 1 ? "" : "s");
}

nlohmann::ordered_json to_json(const Changes& changes, bool same_map) {
  auto pages = nlohmann::ordered_json::array();
  for (const PageChange& page : changes.pages) {
    pages.push_back({{"address", hex(page.address)},
                     {"bytes", page.bytes},
                     {"first", hex(page.first)},
                     {"old", byte_text(page.before)},
                     {"new", byte_text(page.after)}});
  }
  return {{"same_map", same_map},
          {"different_pages", changes.page_count},
          {"different_bytes", changes.byte_count},
          {"pages", pages}};
}

bool same_rows(const Moment& a, const Moment& b) {
  return std::equal(a.rows().begin(), a.rows().end(), b.rows().begin(), b.rows().end());
}

int diff(const Command& command, std::uint64_t limit) {
  if (command.given("NEW") == command.given("SPEC")) {
    throw UsageError("give one of NEW, a snapshot, and SPEC, memory: what to compare OLD with");
  }
  const SnapshotFile before(command.text("OLD"));
  std::optional<Attachment> attachment;
  std::unique_ptr<Moment> after;
  if (command.given("NEW")) {
    after = std::make_unique<SnapshotFile>(command.text("NEW"));
  } else {
    attachment = command.attach(Access::kRead);
    after = std::make_unique<LiveMoment>(attachment->memory);
  }
  const Changes changes = Differ(before, *after, limit).run();
  const bool same_map = same_rows(before, *after);
  if (command.json()) {
    Command::print(to_json(changes, same_map));
  } else {
    print_text(changes, before, *after);
  }
  return changes.page_count == 0 && same_map ? kExitOk : kExitFailed;
}

}  // namespace

void add_diff(CLI::App& app, int& status) {
  const auto limit = std::make_shared<std::uint64_t>(1000);
  const auto command = std::make_shared<Command>(
      app, "diff", "Show which pages changed since a snapshot, or between two",
      "guestlink diff qmp:/run/vm.sock before.snap", Memory::kOptional);
  command->operand("OLD", "A file of guestlink snapshot", Need::kRequired, "FILE");
  command->operand("NEW", "A later one, in place of the memory of SPEC", Need::kOptional, "FILE");
  command->number("--limit", *limit, "Show at most so many pages (default 1000)");
  command->note(
      "Two files: guestlink diff before.snap after.snap. Exit code 0 if nothing differs, 1 if\n"
      "something does.");
  command->body(status, [command, limit] { return diff(*command, *limit); });
}

}  // namespace guestlink::shell
