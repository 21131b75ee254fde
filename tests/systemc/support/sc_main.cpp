// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// GoogleTest's main for SystemC. A kernel elaborates once in the life of a process: CTest runs each
// case in its own.
#include <gtest/gtest.h>

#include <systemc>

int sc_main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
