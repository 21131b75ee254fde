// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Runs sv_round_trip. The header of the C ABI and the one that Verilator makes of guestlink_pkg are
// included together: a type, const or result in which they differ does not compile.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "Vsv_round_trip.h"
#include "Vsv_round_trip__Dpi.h"
#include "verilated.h"

#include "guestlink_dpi.h"

namespace {

TEST(SvRoundTripTest, EveryFunctionOfThePackage) {
  std::string directory = ::testing::TempDir() + "guestlink-sv-XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const std::string plusarg = "+directory=" + directory;
  const char* arguments[] = {"sv_round_trip", plusarg.c_str()};
  VerilatedContext context;
  context.commandArgs(2, arguments);
  Vsv_round_trip model(&context);
  model.eval();
  EXPECT_EQ(model.failures_o, 0);
  EXPECT_GT(model.checks_o, 700);  // it ran to its end
  model.final();
  std::filesystem::remove_all(directory);
}

}  // namespace
