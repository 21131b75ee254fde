// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The PCI endpoint's functions. Each: look the handle up, convert, one call, convert.
#include <algorithm>
#include <bit>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>

#include "access.h"
#include "endpoint_table.h"
#include "guestlink_dpi.h"
#include "last_error.h"

namespace {

using guestlink::AccessStatus;
using guestlink::MmioRequest;
using guestlink::PciEndpoint;
using guestlink::PciLink;
using guestlink::detail::find_endpoint;
using guestlink::detail::id_of;
using guestlink::detail::record_message;

// The longest that guestlink_pci_wait() sleeps: a simulator has other things to look at.
constexpr unsigned kLongestWait = 60'000;

void* handle_of(std::uint64_t id) noexcept { return std::bit_cast<void*>(id); }

int status_of(AccessStatus status) noexcept { return static_cast<int>(status); }

// Text that stays valid until this thread asks again.
const char* keep_text(std::string text) {
  thread_local std::string kept;
  kept = std::move(text);
  return kept.c_str();
}

int link_of(const PciEndpoint& endpoint) noexcept { return static_cast<int>(endpoint.link()); }

// Makes the call on the endpoint of `handle`; what it throws is kept for guestlink_last_error.
template <typename Result, typename Call>
Result with_endpoint(void* handle, Result otherwise, Call call) noexcept {
  auto* const slot = find_endpoint(id_of(handle));
  if (slot == nullptr) [[unlikely]] {
    record_message("no PCI endpoint has this handle");
    return otherwise;
  }
  try {
    return call(*slot->endpoint);
  } catch (const std::exception& error) {
    record_message(error.what());
    return otherwise;
  }
}

}  // namespace

void* guestlink_pci_open(const char* spec) try {
  if (spec == nullptr) throw std::invalid_argument("device spec is a null pointer");
  return handle_of(guestlink::open_endpoint(spec));
} catch (const std::exception& error) {
  record_message(error.what());
  return nullptr;
}

int guestlink_pci_close(void* handle) {
  return status_of(guestlink::close_endpoint(id_of(handle)));
}

void* guestlink_pci_memory(void* handle) {
  return guestlink_from_id(guestlink::endpoint_memory_id(id_of(handle)));
}

unsigned long long guestlink_pci_id(void* handle) {
  return find_endpoint(id_of(handle)) != nullptr ? id_of(handle) : 0;
}

void* guestlink_pci_from_id(unsigned long long id) {
  return find_endpoint(id) != nullptr ? handle_of(id) : nullptr;
}

int guestlink_pci_link(void* handle) {
  return with_endpoint(handle, static_cast<int>(GUESTLINK_PCI_ENDED), link_of);
}

int guestlink_pci_wait(void* handle, unsigned int milliseconds) {
  return with_endpoint(handle, static_cast<int>(GUESTLINK_PCI_ENDED), [=](PciEndpoint& endpoint) {
    endpoint.wait(std::chrono::milliseconds(std::min(milliseconds, kLongestWait)));
    return link_of(endpoint);
  });
}

const char* guestlink_pci_message(void* handle) {
  return with_endpoint(handle, "",
                       [](PciEndpoint& endpoint) { return keep_text(endpoint.take_message()); });
}

const char* guestlink_pci_failure(void* handle) {
  return with_endpoint(handle, "",
                       [](PciEndpoint& endpoint) { return keep_text(endpoint.failure()); });
}

const char* guestlink_pci_option(void* handle, int lock_step) {
  return with_endpoint(handle, "", [=](PciEndpoint& endpoint) {
    return keep_text(endpoint.qemu_option(lock_step != 0));
  });
}

int guestlink_mmio_next(void* handle, unsigned int bar, int takes_resets,
                        unsigned long long* address, unsigned long long* data, unsigned int* size,
                        int* write) {
  return with_endpoint(handle, static_cast<int>(GUESTLINK_MMIO_NONE), [=](PciEndpoint& endpoint) {
    MmioRequest request;
    const PciEndpoint::Next next = endpoint.next(bar, takes_resets != 0, request);
    *address = request.offset;
    *data = request.data;
    *size = request.size;
    *write = request.write ? 1 : 0;
    return static_cast<int>(next);
  });
}

int guestlink_mmio_complete(void* handle, unsigned long long data, int okay) {
  return with_endpoint(handle, static_cast<int>(GUESTLINK_BAD_HANDLE), [=](PciEndpoint& endpoint) {
    endpoint.complete(data, okay != 0 ? PciEndpoint::Outcome::kOkay : PciEndpoint::Outcome::kError);
    return static_cast<int>(GUESTLINK_OK);
  });
}

int guestlink_irq_level(void* handle, unsigned int vector, int level) {
  return with_endpoint(handle, static_cast<int>(GUESTLINK_BAD_HANDLE), [=](PciEndpoint& endpoint) {
    const bool there = endpoint.set_interrupt(vector, level != 0);
    return static_cast<int>(there ? GUESTLINK_OK : GUESTLINK_BAD_ARGUMENT);
  });
}

int guestlink_irq_pulse(void* handle, unsigned int vector) {
  return with_endpoint(handle, static_cast<int>(GUESTLINK_BAD_HANDLE), [=](PciEndpoint& endpoint) {
    const bool there = endpoint.pulse_interrupt(vector);
    return static_cast<int>(there ? GUESTLINK_OK : GUESTLINK_BAD_ARGUMENT);
  });
}
