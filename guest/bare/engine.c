// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "engine.h"

#include "clock.h"
#include "console.h"
#include "io.h"

static _Alignas(4096) struct ioat_descriptor ring[kRingDescriptors];
static _Alignas(64) volatile uint64_t record;

static uint64_t descriptor_address(uint32_t index) {
  return (uintptr_t)&ring[index % kRingDescriptors];
}

void engine_open(struct engine* engine, const struct pci_device* device) {
  const struct pci_bar* bar = &device->bars[0];
  if (bar->io || bar->base == 0 || bar->base >> 32 != 0) {
    fail("BAR 0 has no memory below 4 GiB (0x%llx)", bar->base);
  }
  *engine = (struct engine){.registers = (uintptr_t)bar->base};
  const uint8_t version = read8(engine->registers + kIoatVer);
  if (version != kIoatVersion34) {
    fail("not the engine we know: VER is 0x%02x, not 0x%02x", version, kIoatVersion34);
  }
}

static void wait_reset_done(const struct engine* engine) {
  const uint64_t end = clock_patience();
  while ((read8(engine->registers + kIoatChancmd) & kIoatChancmdReset) != 0) {
    if (clock_is_past(end)) {
      fail("the channel's reset does not end");
    }
  }
}

static void clear_errors(const struct engine* engine) {
  write32(engine->registers + kIoatChanerr, engine_errors(engine));
  const uint32_t errors = engine_errors(engine);
  if (errors != 0) {
    fail("CHANERR is 0x%x after it was cleared", errors);
  }
}

static void write_address(const struct engine* engine, uint32_t offset, uint64_t address) {
  write32(engine->registers + offset, (uint32_t)address);
  write32(engine->registers + offset + 4, (uint32_t)(address >> 32));
}

static void link_ring(void) {
  for (uint32_t i = 0; i < kRingDescriptors; ++i) {
    ring[i] = (struct ioat_descriptor){.next = descriptor_address(i + 1)};
  }
}

void engine_reset(struct engine* engine) {
  write8(engine->registers + kIoatChancmd, kIoatChancmdReset);
  wait_reset_done(engine);
  clear_errors(engine);
  link_ring();
  engine_clear_record();
  engine->filled = 0;
  engine->rung = 0;
  write16(engine->registers + kIoatChanctrl, kIoatChanctrlRun);
  write_address(engine, kIoatChancmp, (uintptr_t)&record);
  write_address(engine, kIoatChainaddr, descriptor_address(0));
}

void engine_fill(struct engine* engine, uint32_t control, uint32_t size, uint64_t source,
                 uint64_t destination) {
  const uint32_t index = engine->filled++;
  ring[index % kRingDescriptors] = (struct ioat_descriptor){
      .size = size,
      .control = control,
      .source = source,
      .destination = destination,
      .next = descriptor_address(index + 1),
      .software = {index, ~(uint64_t)index},
  };
}

void engine_ring(struct engine* engine) {
  ring[(engine->filled - 1) % kRingDescriptors].control |= kIoatControlCompletion;
  engine->rung = engine->filled;
  barrier();
  write16(engine->registers + kIoatDmacount, (uint16_t)engine->rung);
}

bool engine_is_done(const struct engine* engine) {
  return record == (descriptor_address(engine->rung - 1) | kIoatDone);
}

void engine_wait(const struct engine* engine) {
  const uint64_t end = clock_patience();
  while (!engine_is_done(engine)) {
    if ((record & kIoatStatusMask) == kIoatHalted) {
      fail("the channel halted: record 0x%llx, CHANERR 0x%x", engine_record(),
           engine_errors(engine));
    }
    if (clock_is_past(end)) {
      fail("no completion: record 0x%llx, CHANSTS 0x%llx, CHANERR 0x%x", engine_record(),
           engine_status(engine), engine_errors(engine));
    }
    pause();
  }
  barrier();
}

uint32_t engine_wait_halted(const struct engine* engine) {
  const uint64_t end = clock_patience();
  while ((engine_status(engine) & kIoatStatusMask) != kIoatHalted) {
    if (clock_is_past(end)) {
      fail("the channel does not halt: CHANSTS 0x%llx", engine_status(engine));
    }
  }
  return engine_errors(engine);
}

uint64_t engine_record(void) { return record; }

void engine_clear_record(void) { record = 0; }

uint64_t engine_status(const struct engine* engine) {
  const uint32_t low = read32(engine->registers + kIoatChansts);
  return (uint64_t)read32(engine->registers + kIoatChansts + 4) << 32 | low;
}

uint32_t engine_errors(const struct engine* engine) {
  return read32(engine->registers + kIoatChanerr);
}

void engine_rearm(const struct engine* engine) {
  write16(engine->registers + kIoatChanctrl, kIoatChanctrlRun);
}

void engine_set_interrupts(const struct engine* engine, uint8_t control) {
  write8(engine->registers + kIoatIntrctrl, control);
}
