// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// attach_bench SPEC ROUNDS: attaches with every check and lets go again, and prints how long each
// attachment took, in milliseconds, one a line.
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>

#include "guestlink/attach.h"

int main(int argc, char** argv) {
  using Milliseconds = std::chrono::duration<double, std::milli>;
  if (argc != 3) {
    std::fprintf(stderr, "usage: attach_bench SPEC ROUNDS\n");
    return 2;
  }
  try {
    for (int left = std::stoi(argv[2]); left > 0; --left) {
      const auto start = std::chrono::steady_clock::now();
      const guestlink::Attachment attachment = guestlink::attach_with_report(argv[1]);
      const Milliseconds taken = std::chrono::steady_clock::now() - start;
      std::printf("%.3f\n", taken.count());
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "attach_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
