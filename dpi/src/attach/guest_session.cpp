// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "guestlink/guest_session.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "attach/attach_live.h"
#include "attach/guest_watch.h"
#include "attach/qtest_client.h"

namespace guestlink {

using detail::GuestWatch;
using detail::LiveAttachment;
using detail::QmpClient;
using detail::QtestClient;

struct GuestSession::Link {
  GuestMemory take(LiveAttachment live);
  std::optional<QmpClient> stop_watch();
  void write_by_qtest(std::uint64_t address, std::span<const std::byte> data, std::size_t& done);

  std::string text;  // of the spec; empty for memory from elsewhere
  detail::Spec spec;
  bool watching = false;
  AttachReport report;
  bool had_qemu = false;  // that was found by the file it has mapped
  std::unique_ptr<GuestWatch> watch;
  std::vector<GuestEvent> earlier_events;  // of watches before this one
  std::optional<QtestClient> qtest;
};

GuestMemory GuestSession::Link::take(LiveAttachment live) {
  report = std::move(live.attachment.report);
  spec = std::move(live.spec);
  qtest.reset();
  GuestWatch::Target target{
      .qmp = std::move(live.connection), .rows = std::move(live.rows), .qemu = {}};
  if (!live.qemus.empty()) target.qemu = std::move(live.qemus.front());
  had_qemu |= spec.scheme == "file" && target.qemu.pid != 0;
  if (target.qmp || target.qemu.process.get() >= 0) {
    watch = std::make_unique<GuestWatch>(std::move(target), live.attachment.memory.state());
  }
  return std::move(live.attachment.memory);
}

std::optional<QmpClient> GuestSession::Link::stop_watch() {
  if (!watch) return std::nullopt;
  std::optional<QmpClient> connection = watch->stop();
  std::vector<GuestEvent> events = watch->take_events();
  std::move(events.begin(), events.end(), std::back_inserter(earlier_events));
  watch.reset();
  return connection;
}

void GuestSession::Link::write_by_qtest(std::uint64_t address, std::span<const std::byte> data,
                                        std::size_t& done) {
  if (!qtest) qtest.emplace(*spec.qtest);
  while (done < data.size()) {
    const auto part = data.subspan(done, std::min(data.size() - done, QtestClient::kMostBytes));
    qtest->write(address + done, part);
    done += part.size();
  }
}

GuestSession::GuestSession(std::string spec, Watch watch) : link_(std::make_unique<Link>()) {
  link_->text = std::move(spec);
  link_->watching = watch == Watch::kYes;
  memory_ = link_->take(detail::attach_live(link_->text, link_->watching, std::nullopt));
}

GuestSession::GuestSession(GuestMemory memory)
    : memory_(std::move(memory)), link_(std::make_unique<Link>()) {}
GuestSession::GuestSession(GuestSession&& other) noexcept = default;
GuestSession& GuestSession::operator=(GuestSession&& other) noexcept = default;
GuestSession::~GuestSession() = default;

const AttachReport& GuestSession::report() const noexcept { return link_->report; }

bool GuestSession::watched() const noexcept { return link_->watch != nullptr; }

std::vector<GuestEvent> GuestSession::take_events() {
  std::vector<GuestEvent> events = std::exchange(link_->earlier_events, {});
  if (!link_->watch) return events;
  std::vector<GuestEvent> newer = link_->watch->take_events();
  std::move(newer.begin(), newer.end(), std::back_inserter(events));
  return events;
}

std::string GuestSession::loss() const {
  if (!memory_.lost()) return "";
  const std::string of_guest = link_->watch ? link_->watch->loss() : "";
  return of_guest.empty() ? memory_.loss() : of_guest;
}

void GuestSession::reattach() {
  const auto fail = [&](const std::string& what) {
    throw AttachError(AttachError::Kind::kFailed, "attach spec '" + link_->text + "': " + what);
  };
  if (link_->text.empty()) fail("this memory was made by another program part, not by a spec");
  memory_.detach();
  memory_.unlock_files();  // our own lock would be in the way
  LiveAttachment live = detail::attach_live(link_->text, link_->watching, link_->stop_watch());
  if (link_->had_qemu && live.qemus.empty()) fail("no QEMU has the file mapped yet");
  memory_.reattach(link_->take(std::move(live)));
}

CodeWrite GuestSession::write_code(std::uint64_t address, std::span<const std::byte> data) {
  const AccessStatus checked = memory_.check(address, data.size(), Access::kWrite);
  if (checked != AccessStatus::kOk) return {checked, ""};
  const bool plain =
      link_->text.empty() || link_->spec.scheme == "mock" || link_->report.accelerator == "kvm";
  if (plain) return {memory_.write(address, data), ""};
  if (!link_->spec.qtest) {
    return {AccessStatus::kUnsupported,
            "the guest may run under TCG, which keeps translations of its code: start it by "
            "guestlink run, or with -qtest unix:PATH,server=on,wait=off -qtest-log none and the "
            "key qtest=PATH in the attach spec"};
  }
  std::size_t done = 0;
  try {
    link_->write_by_qtest(address, data, done);
  } catch (const std::exception& error) {
    link_->qtest.reset();
    return {done == 0 ? AccessStatus::kIoError : AccessStatus::kPartial,
            "after " + std::to_string(done) + " bytes: " + error.what()};
  }
  return {AccessStatus::kOk, ""};
}

}  // namespace guestlink
