// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verilated.h"

namespace guestlink::sim {

/// A Verilator context for one model. Verilator 5.006 makes and unmakes a model's DPI scopes in the
/// context that the thread used last, whichever model that belongs to: so select() goes before
/// both.
class ModelContext {
 public:
  ModelContext() {
    context_.fatalOnError(false);  // an assertion ends the run, not the process
    select();
  }
  ~ModelContext() { Verilated::threadContextp(Verilated::defaultContextp()); }
  ModelContext(const ModelContext&) = delete;
  ModelContext& operator=(const ModelContext&) = delete;

  void select() { Verilated::threadContextp(&context_); }
  VerilatedContext* get() noexcept { return &context_; }
  VerilatedContext* operator->() noexcept { return &context_; }
  const VerilatedContext* operator->() const noexcept { return &context_; }

 private:
  VerilatedContext context_;
};

}  // namespace guestlink::sim
