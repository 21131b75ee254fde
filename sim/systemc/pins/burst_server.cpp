// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/pins/burst_server.h"

#include <algorithm>

#include "systemc/pins/report.h"

namespace guestlink::pins {
namespace {

axi::Response response_of(tlm::tlm_response_status status) {
  if (status == tlm::TLM_OK_RESPONSE) return axi::Response::kOkay;
  if (status == tlm::TLM_ADDRESS_ERROR_RESPONSE) return axi::Response::kDecErr;
  return axi::Response::kSlvErr;
}

// The part of a write's run from its first to its last enabled byte. Most writes then need no byte
// enables, which not every target has.
axi::Transfer::Run enabled_part(axi::Transfer::Run run, const std::uint8_t* enables) {
  while (run.length != 0 && enables[run.offset] == axi::Transfer::kDisabled) {
    ++run.address;
    ++run.offset;
    --run.length;
  }
  while (run.length != 0 && enables[run.offset + run.length - 1] == axi::Transfer::kDisabled)
    --run.length;
  return run;
}

}  // namespace

tlm::tlm_sync_enum NoBackwardPath::nb_transport_bw(tlm::tlm_generic_payload& payload,
                                                   tlm::tlm_phase& /*phase*/,
                                                   sc_core::sc_time& /*delay*/) {
  payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
  SC_REPORT_ERROR(kReportType, "nb_transport_bw for an initiator that made no such call");
  return tlm::TLM_COMPLETED;
}

// No DMI pointer is kept.
void NoBackwardPath::invalidate_direct_mem_ptr(sc_dt::uint64 /*start*/, sc_dt::uint64 /*end*/) {}

BurstServer::BurstServer(const sc_core::sc_module& owner, std::uint32_t bus_bytes,
                         const SubordinateParameters& parameters)
    : bus_(*this, bus_bytes, std::max(parameters.outstanding, 1U)) {
  require_from_one(owner, "outstanding", parameters.outstanding);
}

void BurstServer::clock(const axi::ManagerPins& manager) {
  finish_ready(reads_);
  finish_ready(writes_);
  bus_.clock(manager);
}

void BurstServer::reset() {
  bus_.reset();
  drop_all(reads_);
  drop_all(writes_);
}

void BurstServer::serve(axi::Request& request) {
  const auto job = std::make_shared<Job>();
  job->request = &request;
  (request.write ? writes_ : reads_).push_back(job);
  wake_worker();
}

void BurstServer::finish_ready(Jobs& jobs) {
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  std::erase_if(jobs, [&](const std::shared_ptr<Job>& job) {
    if (!job->over || job->ready > now) return false;
    bus_.finish(*job->request, job->response, 1);
    return true;
  });
}

// The bus has forgotten them; those that are in calls are told so when they return.
void BurstServer::drop_all(Jobs& jobs) {
  for (const std::shared_ptr<Job>& job : jobs) {
    job->dropped = true;
    if (!job->started || job->over) bus_.finish(*job->request, axi::Response::kSlvErr, 1);
  }
  jobs.clear();
}

// ------------------------------------------------------------------------------- threads
void BurstServer::wake_worker() {
  if (!idle_.empty()) {
    idle_.front()->wake.notify(sc_core::SC_ZERO_TIME);
    idle_.pop_front();
    return;
  }
  Worker& worker = workers_.emplace_back();
  sc_core::sc_spawn([this, &worker] { work(worker); }, sc_core::sc_gen_unique_name("worker"));
}

void BurstServer::work(Worker& worker) {
  for (;;) {
    if (const std::shared_ptr<Job> job = next_job()) {
      run_job(*job);
      continue;
    }
    idle_.push_back(&worker);
    sc_core::wait(worker.wake);
  }
}

// One whose turn it is among those of its id and direction.
std::shared_ptr<BurstServer::Job> BurstServer::next_job() const {
  const auto id_of = [](const auto& job) { return job->request->transfer.burst().id; };
  for (const Jobs* jobs : {&reads_, &writes_}) {
    for (auto job = jobs->begin(); job != jobs->end(); ++job) {
      const bool waits = std::any_of(jobs->begin(), job, [&](const auto& earlier) {
        return !earlier->over && id_of(earlier) == id_of(*job);
      });
      if (!(*job)->started && !waits) return *job;
    }
  }
  return nullptr;
}

void BurstServer::run_job(Job& job) {
  job.started = true;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  for (const axi::Transfer::Run& run : job.request->transfer.runs()) {
    if (job.dropped) break;
    job.response = axi::worse(job.response, call(*job.request, run, delay));
  }
  job.ready = sc_core::sc_time_stamp() + delay;
  job.over = true;
  if (job.dropped) bus_.finish(*job.request, axi::Response::kSlvErr, 1);
}

axi::Response BurstServer::call(axi::Request& request, const axi::Transfer::Run& whole,
                                sc_core::sc_time& delay) {
  axi::Transfer& transfer = request.transfer;
  const axi::Transfer::Run run = request.write ? enabled_part(whole, transfer.enables()) : whole;
  if (run.length == 0) return axi::Response::kOkay;
  tlm::tlm_generic_payload payload;
  payload.set_command(request.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  payload.set_address(run.address);
  payload.set_data_ptr(reinterpret_cast<unsigned char*>(transfer.data() + run.offset));
  payload.set_data_length(static_cast<unsigned>(run.length));
  payload.set_streaming_width(static_cast<unsigned>(run.length));
  std::uint8_t* enables = transfer.enables() + run.offset;
  const auto enabled = [](std::uint8_t enable) { return enable == axi::Transfer::kEnabled; };
  if (request.write && !std::all_of(enables, enables + run.length, enabled)) {
    payload.set_byte_enable_ptr(enables);
    payload.set_byte_enable_length(static_cast<unsigned>(run.length));
  }
  target_->b_transport(payload, delay);
  return response_of(payload.get_response_status());
}

}  // namespace guestlink::pins
