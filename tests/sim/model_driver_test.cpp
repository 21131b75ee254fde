// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "model/model_driver.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>

#include "guestlink/attach.h"
#include "guestlink_handles.h"

namespace {

using guestlink::GuestMemory;
using guestlink::sim::ModelDriver;
using guestlink::sim::StopReason;

constexpr uint32_t kVersionWord = 0x08;  // VER is its low byte
constexpr uint32_t kCompletionAddress = 0x98;

class ModelDriverTest : public ::testing::Test {
 protected:
  ~ModelDriverTest() override { (void)guestlink::close_memory(id); }
  ModelDriver::Options options(uint64_t max_cycles = 0) const { return {id, {}, max_cycles}; }
  GuestMemory& memory() { return *guestlink::memory_from_id(id); }

  uint64_t id = guestlink::register_memory(guestlink::attach("mock:,size=1M"));
};

TEST_F(ModelDriverTest, ComesOutOfResetIdle) {
  ModelDriver driver(options());
  EXPECT_TRUE(driver.engine_idle());
  EXPECT_FALSE(driver.interrupt());
  EXPECT_FALSE(driver.page().attached);
  EXPECT_EQ(driver.stop_reason(), StopReason::kNone);
  const uint64_t before = driver.cycles();
  EXPECT_EQ(driver.step(100), 100U);
  EXPECT_EQ(driver.cycles(), before + 100);
}

TEST_F(ModelDriverTest, ReadsAndWritesRegisters) {
  ModelDriver driver(options());
  const auto version = driver.read_register(kVersionWord);
  ASSERT_TRUE(version.ok());
  EXPECT_EQ(version.data & 0xFF, 0x34U);
  EXPECT_TRUE(driver.write_register(kCompletionAddress, 0x11223340).ok());
  EXPECT_TRUE(driver.write_register(kCompletionAddress, 0xAABBCCDD, 0x4).ok());
  EXPECT_EQ(driver.read_register(kCompletionAddress).data, 0x11BB3340U);
}

TEST_F(ModelDriverTest, StopsAtTheCycleLimitAndGoesOnAfterANewOne) {
  ModelDriver driver(options(50));
  EXPECT_EQ(driver.step(1000), 50 - 4U);
  EXPECT_EQ(driver.stop_reason(), StopReason::kCycleLimit);
  EXPECT_EQ(driver.step(1), 0U);
  EXPECT_FALSE(driver.read_register(kVersionWord).done);
  driver.set_cycle_limit(0);
  EXPECT_EQ(driver.step(10), 10U);
}

TEST_F(ModelDriverTest, StopsWhenRequested) {
  ModelDriver driver(options());
  driver.request_stop();
  EXPECT_EQ(driver.step(10), 0U);
  EXPECT_EQ(driver.stop_reason(), StopReason::kRequested);
}

TEST_F(ModelDriverTest, PageOutsideMemoryIsAnError) {
  ModelDriver driver(options());
  driver.enable_page(0x10000000, 1);
  driver.step(200);
  EXPECT_TRUE(driver.page().error);
  EXPECT_FALSE(driver.page().attached);
}

TEST_F(ModelDriverTest, ServesThePageOfTheMemory) {
  ModelDriver driver(options());
  ASSERT_EQ(memory().store(0x5050, uint64_t{1}), guestlink::AccessStatus::kOk);
  ASSERT_EQ(memory().store(0x5058, uint64_t{0xABCD}), guestlink::AccessStatus::kOk);
  driver.enable_page(0x5000, 0xABCD);
  driver.step(200);
  EXPECT_TRUE(driver.page().attached);
  EXPECT_EQ(driver.page().state, 1U);
  uint64_t attached = 0;
  ASSERT_EQ(memory().load(0x5088, attached), guestlink::AccessStatus::kOk);
  EXPECT_EQ(attached, 0xABCDU);
  driver.disable_page();
  driver.step(200);
  EXPECT_FALSE(driver.page().attached);
}

TEST_F(ModelDriverTest, TraceIsWrittenOnRequestOnly) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("guestlink_trace_" + std::to_string(::getpid()) + ".fst");
  {
    ModelDriver driver({id, file.string(), 0});
    driver.step(100);
    EXPECT_EQ(driver.read_register(kVersionWord).data & 0xFF, 0x34U);
  }
  EXPECT_GT(std::filesystem::file_size(file), 1000U);
  std::filesystem::remove(file);
  EXPECT_THROW(ModelDriver({id, "/nonexistent/trace.fst", 0}), std::runtime_error);
}

TEST_F(ModelDriverTest, TwoModelsLiveSideBySide) {
  ModelDriver first(options());
  ModelDriver second(options());
  EXPECT_TRUE(first.write_register(kCompletionAddress, 0x40).ok());
  EXPECT_TRUE(second.write_register(kCompletionAddress, 0x80).ok());
  EXPECT_EQ(first.read_register(kCompletionAddress).data, 0x40U);
  EXPECT_EQ(second.read_register(kCompletionAddress).data, 0x80U);
}

}  // namespace
