// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/pins/burst_server.h"

#include <algorithm>

#include "systemc/axi/tlm_transport.h"
#include "systemc/pins/report.h"

namespace guestlink::pins {
tlm::tlm_sync_enum NoBackwardPath::nb_transport_bw(tlm::tlm_generic_payload& payload,
                                                   tlm::tlm_phase& /*phase*/,
                                                   sc_core::sc_time& /*delay*/) {
  payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
  SC_REPORT_ERROR(kBusReport, "nb_transport_bw for an initiator that made no such call");
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
  bus_.clock(manager);
  // After the edge, for it changes what the bus shows
  finish_ready(reads_);
  finish_ready(writes_);
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
  const sc_core::sc_time& now = sc_core::sc_time_stamp();
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
  job.response = axi::transport(*target_, *job.request, delay).response;
  job.ready = sc_core::sc_time_stamp() + delay;
  job.over = true;
  if (job.dropped) bus_.finish(*job.request, job.response, 1);
}

}  // namespace guestlink::pins
