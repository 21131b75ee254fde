// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "ioat_bench.h"
