// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/pci_spec.h"

#include <limits>
#include <set>
#include <stdexcept>

#include "attach/spec.h"
#include "guestlink/number.h"

namespace guestlink::detail {
namespace {

constexpr std::string_view kTransport = "vfio-user:";
constexpr std::string_view kKeys =
    "vendor device class revision subsystem-vendor subsystem bar0 to bar5 msix intx";

// Splits off what stands before `separator`; `rest` becomes what stands behind it.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

[[noreturn]] void fail(std::string_view key, std::string_view value, std::string_view expected) {
  throw std::invalid_argument("key " + in_quotes(key) + " has value " + in_quotes(value) +
                              ", expected " + std::string(expected));
}

template <typename T>
T number_of(std::string_view key, std::string_view value, std::uint64_t most) {
  const auto number = parse_number(value);
  if (!number || *number > most) fail(key, value, "a number of at most " + std::to_string(most));
  return static_cast<T>(*number);
}

PciBar bar_of(std::string_view key, std::string_view value) {
  constexpr std::string_view kExpected = "mem:SIZE, mem64:SIZE, io:SIZE or pref64:SIZE";
  std::string_view size = value;
  const std::string_view kind = take_until(size, ':');
  PciBar bar;
  if (kind == "mem") {
    bar.kind = PciBar::Kind::kMemory32;
  } else if (kind == "mem64" || kind == "pref64") {
    bar.kind = PciBar::Kind::kMemory64;
    bar.prefetchable = kind == "pref64";
  } else if (kind == "io") {
    bar.kind = PciBar::Kind::kIo;
  } else {
    fail(key, value, kExpected);
  }
  const auto number = parse_number(size);
  if (!number) fail(key, value, kExpected);
  bar.size = *number;
  return bar;
}

void set_key(PciIdentity& identity, std::string_view key, std::string_view value) {
  constexpr std::uint64_t kMost16 = std::numeric_limits<std::uint16_t>::max();
  if (key == "vendor") {
    identity.vendor = number_of<std::uint16_t>(key, value, kMost16);
  } else if (key == "device") {
    identity.device = number_of<std::uint16_t>(key, value, kMost16);
  } else if (key == "subsystem-vendor") {
    identity.subsystem_vendor = number_of<std::uint16_t>(key, value, kMost16);
  } else if (key == "subsystem") {
    identity.subsystem = number_of<std::uint16_t>(key, value, kMost16);
  } else if (key == "class") {
    identity.class_code = number_of<std::uint32_t>(key, value, 0xFFFFFF);
  } else if (key == "revision") {
    identity.revision = number_of<std::uint8_t>(key, value, 0xFF);
  } else if (key == "msix") {
    identity.msix_vectors = number_of<std::uint32_t>(key, value, PciIdentity::kMostVectors);
  } else if (key.size() == 4 && key.starts_with("bar") && key[3] >= '0' && key[3] <= '5') {
    identity.bars[static_cast<std::size_t>(key[3] - '0')] = bar_of(key, value);
  } else {
    throw std::invalid_argument("key " + in_quotes(key) + " is not known; one of " +
                                std::string(kKeys));
  }
}

}  // namespace

PciSpec parse_pci_spec(std::string_view text) {
  if (!text.starts_with(kTransport)) {
    throw std::invalid_argument("no transport; expected " + std::string(kTransport) +
                                "PATH,vendor=ID,device=ID,...");
  }
  std::string_view rest = text.substr(kTransport.size());
  PciSpec spec;
  std::set<std::string_view> seen;
  bool more = rest.find(',') != std::string_view::npos;
  spec.path = take_until(rest, ',');
  while (more) {
    more = rest.find(',') != std::string_view::npos;
    std::string_view value = take_until(rest, ',');
    const bool has_value = value.find('=') != std::string_view::npos;
    const std::string_view key = take_until(value, '=');
    if (!seen.insert(key).second) {
      throw std::invalid_argument("key " + in_quotes(key) + " is given twice");
    }
    if (key == "intx") {
      if (has_value) fail(key, value, "none");
      spec.identity.intx = true;
    } else {
      set_key(spec.identity, key, value);
    }
  }
  if (!seen.contains("vendor") || !seen.contains("device")) {
    throw std::invalid_argument("vendor=ID and device=ID are needed");
  }
  return spec;
}

}  // namespace guestlink::detail
