// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "attach/qmp_client.h"
#include "attach/spec.h"
#include "guestlink/attach.h"

namespace guestlink::detail {

/// A row of the guest's RAM as far as it can change: compared to see whether the map did.
struct WatchedRow {
  std::uint64_t guest_address = 0;
  std::uint64_t length = 0;
  std::uint64_t file_offset = 0;
  Permission permission = Permission::kReadWrite;
  std::string backend;

  friend bool operator==(const WatchedRow&, const WatchedRow&) = default;
};

struct QmpAttachment {
  Attachment attachment;
  QmpClient connection;
  std::vector<WatchedRow> rows;
};

/// Asks the QEMU behind the socket `spec.target`, or behind `connection` if there is one, for its
/// backends and its map, opens what holds the guest's RAM and checks it against what QEMU sees.
/// Throws std::invalid_argument for a key that is not for qmp:, else std::runtime_error.
QmpAttachment attach_qmp(const Spec& spec, std::optional<QmpClient> connection = std::nullopt);

/// The rows as they are now. Throws std::runtime_error.
std::vector<WatchedRow> ask_rows(QmpClient& qmp);

}  // namespace guestlink::detail
