// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "attach/spec.h"

#include <stdexcept>

#include "guestlink/number.h"

namespace guestlink::detail {
namespace {

// Splits off what stands before `separator`; `rest` becomes what stands behind it.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

std::uint64_t number_of(std::string_view key, std::string_view value, std::string_view expected) {
  const auto number = parse_number(value);
  if (!number) {
    throw std::invalid_argument("key '" + std::string(key) + "' has value " + in_quotes(value) +
                                ", expected " + std::string(expected));
  }
  return *number;
}

template <typename T, typename Value>
void set_once(std::optional<T>& field, std::string_view key, Value value) {
  if (field) throw std::invalid_argument("key " + in_quotes(key) + " is given twice");
  field = static_cast<T>(value);
}

std::string_view text_of(std::string_view key, std::string_view value) {
  if (value.empty()) throw std::invalid_argument("key " + in_quotes(key) + " has no value");
  return value;
}

void set_flag(bool& flag, std::string_view key, std::string_view value, bool has_value) {
  if (has_value) {
    throw std::invalid_argument("key " + in_quotes(key) + " takes no value, but has " +
                                in_quotes(value));
  }
  if (flag) throw std::invalid_argument("key " + in_quotes(key) + " is given twice");
  flag = true;
}

void set_key(Spec& spec, std::string_view key, std::string_view value, bool has_value) {
  constexpr std::string_view kSize =
      "a size such as 64M, 4G or 0x4000000 (K, M and G are powers of two)";
  if (key == "ro") {
    set_flag(spec.read_only, key, value, has_value);
  } else if (key == "shared") {
    set_flag(spec.shared, key, value, has_value);
  } else if (key == "size") {
    set_once(spec.size, key, number_of(key, value, kSize));
  } else if (key == "base") {
    set_once(spec.base, key, number_of(key, value, "a guest address such as 0x80000000"));
  } else if (key == "machine") {
    set_once(spec.machine, key, text_of(key, value));
  } else if (key == "image") {
    set_once(spec.image, key, text_of(key, value));
  } else if (key == "watch") {
    set_once(spec.watch, key, text_of(key, value));
  } else if (key == "qtest") {
    set_once(spec.qtest, key, text_of(key, value));
  } else if (key == "fill") {
    const std::uint64_t fill = number_of(key, value, "a byte, 0 to 0xFF");
    if (fill > 0xFF) {
      throw std::invalid_argument("key 'fill' has value " + in_quotes(value) +
                                  ", expected a byte, 0 to 0xFF");
    }
    set_once(spec.fill, key, fill);
  } else {
    throw std::invalid_argument("key " + in_quotes(key) +
                                " is not known; one of size machine base image fill ro shared "
                                "watch qtest");
  }
}

}  // namespace

std::string in_quotes(std::string_view text) {
  // Appended, not added: GCC 12 warns of an overlap in "'" + std::string() that is not there.
  std::string result(1, '\'');
  result.append(text).append(1, '\'');
  return result;
}

Spec parse_spec(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    throw std::invalid_argument(
        "no scheme; expected scheme:target, with scheme file, qmp or mock, such as mock:,size=64M");
  }
  Spec spec;
  spec.scheme = text.substr(0, colon);
  std::string_view rest = text.substr(colon + 1);
  const bool has_keys = rest.find(',') != std::string_view::npos;
  spec.target = take_until(rest, ',');
  for (bool more = has_keys; more;) {
    more = rest.find(',') != std::string_view::npos;
    std::string_view value = take_until(rest, ',');
    const bool has_value = value.find('=') != std::string_view::npos;
    const std::string_view key = take_until(value, '=');
    if (key.empty()) throw std::invalid_argument("a key is missing after ','");
    set_key(spec, key, value, has_value);
  }
  return spec;
}

}  // namespace guestlink::detail
