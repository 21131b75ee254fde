// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
-F ../../dpi/sv/dpi_sv.f
-F ../../rtl/ioat/ioat.f
-F ../../rtl/doorbell/doorbell.f
-F ../../rtl/common/axil.f
guestlink_top.sv
