// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/summary.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "guestlink/address_map.h"

namespace guestlink::sim {
namespace {

// Bounded by the fixed formats below, whatever the numbers.
template <typename... Arguments>
void append(std::string& text, const char* format, Arguments... arguments) {
  char line[160];
  std::snprintf(line, sizeof line, format, arguments...);
  text += line;
}

unsigned long long wide(std::uint64_t value) { return value; }

}  // namespace

std::string to_json(const Summary& summary) {
  nlohmann::ordered_json json;
  json["stop_reason"] = summary.stop_reason;
  json["page_address"] = nullptr;
  if (summary.page_address) json["page_address"] = hex(*summary.page_address);
  json["cycles"] = summary.cycles;
  json["wall_seconds"] = summary.wall_seconds;
  json["cycles_per_second"] = summary.cycles_per_second();
  json["descriptors"] = summary.counters.descriptors;
  json["bytes_read"] = summary.counters.bytes_read;
  json["bytes_written"] = summary.counters.bytes_written;
  json["interrupts"] = summary.counters.interrupts;
  json["guest_resets"] = summary.guest_resets;
  json["reattached"] = summary.reattached;
  json["generation"] = summary.generation;
  json["guest_verdict"] = summary.guest_verdict;
  json["errors"] = summary.errors;
  json["seed"] = nullptr;
  if (summary.seed) json["seed"] = *summary.seed;
  // A file name in an error message may hold any bytes.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string to_text(const Summary& summary) {
  std::string text;
  text += "stopped       " + summary.stop_reason + "\n";
  if (summary.page_address) {
    text += "doorbell page " + hex(*summary.page_address) +
            ", guest verdict: " + summary.guest_verdict + "\n";
  }
  if (summary.seed) append(text, "seed          %u\n", *summary.seed);
  append(text, "cycles        %llu in %.2f s, %.0f cycles/s\n", wide(summary.cycles),
         summary.wall_seconds, summary.cycles_per_second());
  append(text, "descriptors   %llu, interrupts %llu\n", wide(summary.counters.descriptors),
         wide(summary.counters.interrupts));
  append(text, "bus bytes     %llu read, %llu written\n", wide(summary.counters.bytes_read),
         wide(summary.counters.bytes_written));
  if (summary.generation > 1) {
    append(text, "guest         %u resets, attached again %u times after it had gone\n",
           summary.guest_resets, summary.reattached);
  }
  append(text, "errors        %zu\n", summary.errors.size());
  for (const std::string& error : summary.errors) text += "  " + error + "\n";
  return text;
}

}  // namespace guestlink::sim
