// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// sim/model/dma.gtkw, the view of GTKWave, names signals by their paths, and GTKWave leaves out
// silently what it does not find. The paths in the waves are read with the reader that comes in
// Verilator's runtime, so no GTKWave is needed.
#include <gtest/gtest.h>

#include <gtkwave/fstapi.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "guestlink/attach.h"
#include "guestlink_handles.h"
#include "model/model_driver.h"
#include "support/temporary_directory.h"

namespace {

void write_waves(const std::string& file) {
  const std::uint64_t id = guestlink::register_memory(guestlink::attach("mock:,size=1M"));
  guestlink::sim::ModelDriver({id, file, 0}).step(10);
  (void)guestlink::close_memory(id);
}

/// As GTKWave writes them: scopes and name with dots between, and the range of a vector, no space.
std::set<std::string> signals_in_waves(const std::string& file) {
  const std::unique_ptr<void, void (*)(void*)> reader(fstReaderOpen(file.c_str()), fstReaderClose);
  if (!reader) throw std::runtime_error("no waves in " + file);
  std::vector<std::string> scopes = {""};
  std::set<std::string> signals;
  while (const fstHier* item = fstReaderIterateHier(reader.get())) {
    if (item->htyp == FST_HT_SCOPE) {
      scopes.push_back(scopes.back() + item->u.scope.name + '.');
    } else if (item->htyp == FST_HT_UPSCOPE) {
      scopes.pop_back();
    } else if (item->htyp == FST_HT_VAR) {
      std::string name = scopes.back() + item->u.var.name;
      name.erase(std::remove(name.begin(), name.end(), ' '), name.end());
      signals.insert(name);
    }
  }
  return signals;
}

/// Every line that is no setting `[`, zoom `*`, format `@`, or title `-`.
std::vector<std::string> signals_in_view() {
  std::ifstream file(GUESTLINK_WAVE_VIEW);
  std::vector<std::string> signals;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && std::string("[*@-").find(line[0]) == std::string::npos) {
      signals.push_back(line);
    }
  }
  return signals;
}

TEST(WaveViewTest, EverySignalOfTheViewIsInTheWaves) {
  const guestlink::test::TemporaryDirectory directory;
  write_waves(directory.file("waves.fst"));
  const std::set<std::string> there = signals_in_waves(directory.file("waves.fst"));
  ASSERT_GT(there.size(), 1000U);
  const std::vector<std::string> named = signals_in_view();
  EXPECT_GT(named.size(), 50U);
  for (const std::string& name : named) {
    EXPECT_TRUE(there.contains(name)) << name;
  }
}

}  // namespace
