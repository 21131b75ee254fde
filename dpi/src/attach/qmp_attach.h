// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "attach/spec.h"
#include "guestlink/attach.h"

namespace guestlink::detail {

/// Memory and report of the guest whose QEMU listens at `spec.target`. Throws std::invalid_argument
/// for a spec that makes no sense, else std::runtime_error. The connection is closed at the end:
/// QEMU serves one client of a QMP socket at a time.
Attachment attach_qmp(const Spec& spec);

}  // namespace guestlink::detail
