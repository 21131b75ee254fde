// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Protocol checkers to bind; nothing here is part of a device.
axi4_checker.sv
axil_checker.sv
