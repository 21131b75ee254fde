// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
doorbell_page.sv
