// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "attach/qemu_finder.h"
#include "attach/qmp_attach.h"
#include "attach/spec.h"
#include "guestlink/attach.h"

namespace guestlink::detail {

/// Memory, and what its guest can be followed by.
struct LiveAttachment {
  Spec spec;
  Attachment attachment;
  std::optional<QmpClient> connection;  ///< for the events; of qmp: only
  std::vector<WatchedRow> rows;         ///< of qmp: only
  std::vector<FoundQemu> qemus;         ///< whose end is the guest's, where there is no connection
};

/// Attaches to what `text` names; with `watch` the guest can be followed. `connection` is one from
/// an earlier attachment to the same, that still stands: its events go on. Throws AttachError.
LiveAttachment attach_live(std::string_view text, bool watch, std::optional<QmpClient> connection);

}  // namespace guestlink::detail
