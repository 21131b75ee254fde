// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "attach/qmp_attach.h"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

#include "attach/backend_file.h"
#include "attach/mtree.h"
#include "attach/peer_process.h"
#include "attach/qmp_client.h"
#include "attach/qmp_guest.h"
#include "attach/regular_file.h"
#include "attach/self_test.h"
#include "guestlink/number.h"

namespace guestlink::detail {
namespace {

void check_keys(const Spec& spec) {
  const auto refuse = [](const char* key) {
    throw std::invalid_argument(
        std::string("key '") + key +
        "' is not for qmp:, which asks QEMU; it takes ro, shared, watch and qtest");
  };
  if (spec.target.empty()) {
    throw std::invalid_argument("no path after 'qmp:', expected that of QEMU's QMP socket");
  }
  if (spec.size) refuse("size");
  if (spec.machine) refuse("machine");
  if (spec.base) refuse("base");
  if (spec.image) refuse("image");
  if (spec.fill) refuse("fill");
}

std::vector<MtreeRow> ask_view(QmpClient& qmp) { return parse_mtree(qmp.monitor("info mtree -f")); }

// What is private to QEMU shows nothing of the guest to others.
std::vector<Backend> take_private(std::vector<Backend>& backends) {
  const auto first = std::stable_partition(backends.begin(), backends.end(),
                                           [](const Backend& backend) { return backend.share; });
  std::vector<Backend> taken(std::make_move_iterator(first),
                             std::make_move_iterator(backends.end()));
  backends.erase(first, backends.end());
  return taken;
}

std::vector<WatchedRow> watched_rows(const std::vector<MapRow>& rows,
                                     const std::vector<Backend>& backends) {
  std::vector<WatchedRow> watched;
  const AddressMap map(rows);
  for (const MapRow& row : map.rows()) {
    watched.push_back({.guest_address = row.guest_address,
                       .length = row.length,
                       .file_offset = row.file_offset,
                       .permission = row.permission,
                       .backend = backends[row.file].id});
  }
  return watched;
}

// Where QEMU has mapped the byte at a guest address; none if it does not tell.
std::optional<std::uint64_t> host_address(QmpClient& qmp, std::uint64_t address) {
  constexpr std::string_view kBefore = " is 0x";
  try {
    const std::string text = qmp.monitor("gpa2hva " + hex(address));
    const std::size_t at = text.rfind(kBefore);
    if (at == std::string::npos) return std::nullopt;
    return parse_number("0x" + text.substr(at + kBefore.size(), text.find_last_not_of(" \r\n") + 1 -
                                                                    at - kBefore.size()));
  } catch (const QmpCommandError&) {
    return std::nullopt;
  }
}

class Attacher {
 public:
  Attacher(const Spec& spec, QmpClient& qmp)
      : read_only_(spec.read_only), shared_(spec.shared), qmp_(qmp), process_(qmp_.peer().pid) {}

  Attachment attach() {
    const QmpGuest guest = ask_guest(qmp_);
    report_.qemu_version = guest.version;
    report_.machine = guest.machine;
    report_.accelerator = guest.accelerator;
    report_.warnings = guest.warnings;
    const std::vector<MtreeRow> view = ask_view(qmp_);
    backends_ = ask_backends(qmp_, view);
    drop_private();
    rows_ = guest_rows(view, backends_, guest.x86);
    if (rows_.empty()) throw std::runtime_error("no RAM of the guest may be touched");
    find_mapped();
    open_files();
    test_rows();
    if (guest_rows(ask_view(qmp_), backends_, guest.x86) != rows_) {
      throw std::runtime_error("the guest's memory map changed meanwhile; attach again");
    }
    return finish();
  }

  [[nodiscard]] std::vector<WatchedRow> watched() const { return watched_rows(rows_, backends_); }

 private:
  struct File {
    OpenedFile opened;
    std::uint64_t inode = 0;
    bool writable = false;
  };

  void warn(std::string text) { report_.warnings.push_back(std::move(text)); }

  void drop_private() {
    for (const Backend& backend : take_private(backends_)) {
      warn("backend " + in_quotes(backend.id) +
           " is private to QEMU (share=on is missing): its memory is a hole");
    }
  }

  // Where QEMU itself has each row; empty for one when its process may not be looked into.
  void find_mapped() {
    for (const MapRow& row : rows_) {
      const auto host = host_address(qmp_, row.guest_address);
      mapped_.push_back(host ? process_.find(*host) : std::nullopt);
      if (!mapped_.back() || mapped_.back()->offset_of(*host) == row.file_offset) continue;
      throw std::runtime_error("map row at " + hex(row.guest_address) + " is at offset " +
                               hex(row.file_offset) + " of its file by QEMU's word, but QEMU has " +
                               hex(mapped_.back()->offset_of(*host)) + " mapped there");
    }
  }

  void open_files() {
    files_.resize(backends_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      files_[rows_[i].file].writable |=
          !read_only_ && rows_[i].permission == Permission::kReadWrite;
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      File& file = files_[rows_[i].file];
      if (file.opened.fd.get() < 0) open_file(backends_[rows_[i].file], mapped_[i], file);
      if (!mapped_[i] || is_mapped(file.opened.fd.get(), *mapped_[i])) continue;
      throw std::runtime_error("map row at " + hex(rows_[i].guest_address) + " is not in " +
                               in_quotes(file.opened.path) + ", the file of its backend");
    }
  }

  void open_file(const Backend& backend, const std::optional<HostMapping>& mapped, File& file) {
    file.opened = open_backend(backend, process_, mapped, !file.writable, report_.warnings);
    if (file.writable) claim_for_writing(file.opened.fd.get(), file.opened.path, shared_);
    check_size(backend, file.opened, report_.warnings);
    struct stat info = {};
    if (fstat(file.opened.fd.get(), &info) == 0) file.inode = info.st_ino;
  }

  void test_rows() {
    SelfTest test(qmp_);
    std::string unproved;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const auto result = test.check(rows_[i], files_[rows_[i].file].opened.fd.get());
      if (result == SelfTest::Result::kSame || mapped_[i]) continue;
      unproved.append(unproved.empty() ? "" : " ").append(hex(rows_[i].guest_address));
    }
    if (!test.obstacle().empty()) warn("the self-test could not be made: " + test.obstacle());
    if (unproved.empty()) return;
    warn("nothing proves that the file is the one QEMU has, for the rows at " + unproved +
         ": their first page is all zeroes or could not be had from QEMU, and its process may not "
         "be looked into");
  }

  Attachment finish() {
    const AddressMap map(rows_);
    for (const MapRow& row : map.rows()) {
      const File& file = files_[row.file];
      report_.rows.push_back({.guest_address = row.guest_address,
                              .length = row.length,
                              .permission = row.permission,
                              .backend = backends_[row.file].id,
                              .path = file.opened.path,
                              .inode = file.inode,
                              .file_offset = row.file_offset});
    }
    std::vector<Mapping> mappings(files_.size());
    for (std::size_t i = 0; i < files_.size(); ++i) {
      File& file = files_[i];
      if (file.opened.fd.get() < 0) continue;  // no row of it may be touched
      mappings[i] = Mapping(std::move(file.opened.fd), backends_[i].offset + backends_[i].size,
                            file.writable, file.opened.path);
    }
    return {GuestMemory(read_only_ ? map.read_only() : map, std::move(mappings)),
            std::move(report_)};
  }

  bool read_only_;
  bool shared_;
  QmpClient& qmp_;
  PeerProcess process_;
  AttachReport report_;
  std::vector<Backend> backends_;
  std::vector<MapRow> rows_;
  std::vector<std::optional<HostMapping>> mapped_;  // of the same index as rows_
  std::vector<File> files_;                         // of the same index as backends_
};

}  // namespace

QmpAttachment attach_qmp(const Spec& spec, std::optional<QmpClient> connection) {
  check_keys(spec);
  try {
    if (!connection) connection.emplace(spec.target);
    connection->renew();
    Attacher attacher(spec, *connection);
    Attachment attachment = attacher.attach();
    return {std::move(attachment), std::move(*connection), attacher.watched()};
  } catch (const std::invalid_argument& error) {
    // What QEMU said makes no sense; the spec does.
    throw std::runtime_error(error.what());
  }
}

std::vector<WatchedRow> ask_rows(QmpClient& qmp) {
  const std::vector<MtreeRow> view = ask_view(qmp);
  std::vector<Backend> backends = ask_backends(qmp, view);
  (void)take_private(backends);
  const bool x86 = ask_x86(qmp);
  return watched_rows(guest_rows(view, backends, x86), backends);
}

}  // namespace guestlink::detail
