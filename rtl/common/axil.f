// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
axil_mux.sv
