// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "launcher/backend.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace guestlink::launcher {
namespace {

// The property of an -object value as text, whichever way it is written.
class Properties {
 public:
  explicit Properties(const std::string& text) : keys_(text, "qom-type") {
    if (text.starts_with('{')) json_ = nlohmann::json::parse(text, nullptr, false);
  }

  [[nodiscard]] std::string get(const char* key, const char* otherwise = "") const {
    if (json_.is_null()) return keys_.find(key).value_or(otherwise);
    if (!json_.is_object() || !json_.contains(key)) return otherwise;
    const nlohmann::json& value = json_.at(key);
    if (value.is_boolean()) return value.get<bool>() ? "on" : "off";
    return value.is_string() ? value.get<std::string>() : value.dump();
  }

 private:
  KeyValues keys_;
  nlohmann::json json_;
};

Backend backend_of(const Properties& properties) {
  Backend backend;
  backend.type = properties.get("qom-type");
  const bool shared_by_default =
      backend.type == "memory-backend-memfd" || backend.type == "memory-backend-shm";
  backend.shared = is_on(properties.get("share", shared_by_default ? "on" : "off"));
  return backend;
}

}  // namespace

std::optional<Backend> find_backend(const CommandLine& command, std::string_view id) {
  for (const CommandLine::Option& option : command.options()) {
    if (option.name != "object") continue;
    const Properties properties(option.value);
    if (properties.get("id") == id && properties.get("qom-type").starts_with("memory-backend-")) {
      return backend_of(properties);
    }
  }
  return std::nullopt;
}

bool has_object(const CommandLine& command, std::string_view type) {
  const auto& options = command.options();
  return std::any_of(options.begin(), options.end(), [&](const CommandLine::Option& option) {
    return option.name == "object" && Properties(option.value).get("qom-type") == type;
  });
}

}  // namespace guestlink::launcher
