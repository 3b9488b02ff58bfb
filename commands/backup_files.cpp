#include "commands/backup_files.hpp"

#include "protocol/hexadecimal.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/limits.hpp"
#include "services/descriptor.hpp"
#include "services/files.hpp"

#include <rapidjson/document.h>

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace agentmon {
namespace {

namespace fs = std::filesystem;
using service::descriptor;

tl::unexpected<failure> cannot(const char* what, const fs::path& path) {
  return fail(fault::unavailable,
              std::string{"cannot "} + what + " " + path.string() + ": " + std::generic_category().message(errno));
}

/// Reads a file to its end, and writes it to `to` when that is open.
result<std::string> pass_through(const fs::path& path, const descriptor& from, const descriptor* to,
                                 const on_bytes& told) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> sum{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  EVP_DigestInit_ex(sum.get(), EVP_sha256(), nullptr);
  std::string buffer(limits::copy_bytes, '\0');
  for (;;) {
    const auto got = ::read(from.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot("read", path);
    if (got == 0) break;
    EVP_DigestUpdate(sum.get(), buffer.data(), static_cast<size_t>(got));
    for (ssize_t done = 0; to != nullptr && done < got;) {
      const auto put = ::write(to->get(), buffer.data() + done, static_cast<size_t>(got - done));
      if (put < 0 && errno != EINTR) return cannot("write the copy of", path);
      done += std::max<ssize_t>(put, 0);
    }
    if (!told(static_cast<uint64_t>(got))) return fail(fault::stopping, "interrupted");
  }
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned length = 0;
  EVP_DigestFinal_ex(sum.get(), reinterpret_cast<unsigned char*>(digest.data()), &length);
  digest.resize(length);
  return hexadecimal(digest);
}

} // namespace

result<std::string> checksum(const fs::path& path, const on_bytes& told) {
  const descriptor from{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!from) return cannot("read", path);
  return pass_through(path, from, nullptr, told);
}

result<std::string> copy_file(const fs::path& path, const fs::path& copy, const on_bytes& told) {
  const descriptor from{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (!from || ::fstat(from.get(), &status) != 0) return cannot("read", path);
  const descriptor to{::open(copy.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0777)};
  if (!to) return cannot("make", copy);
  auto sum = pass_through(path, from, &to, told);
  if (sum && ::fsync(to.get()) != 0) return cannot("write", copy);
  return sum;
}

uint64_t bytes_below(const fs::path& path) {
  std::error_code failed;
  if (fs::is_regular_file(path, failed)) return fs::file_size(path, failed);
  uint64_t bytes = 0;
  for (fs::recursive_directory_iterator at{path, failed}, end; !failed && at != end; at.increment(failed)) {
    std::error_code ignored;
    if (at->is_regular_file(ignored))
      if (const auto size = at->file_size(ignored); !ignored) bytes += size;
  }
  return bytes;
}

std::string manifest_text(const std::vector<backed_up_file>& files) {
  json_writer json;
  json.begin_object().member("agentmon_backup", int64_t{1}).member("made", now()).key("files").begin_array();
  for (const auto& file : files) {
    json.begin_object().member("path", std::string_view{file.path});
    json.member("bytes", static_cast<int64_t>(file.bytes)).member("sha_256", std::string_view{file.sha_256});
    json.end_object();
  }
  json.end_array().end_object();
  return json.text() + "\n";
}

result<std::vector<backed_up_file>> read_manifest(const fs::path& backup) {
  const auto text = service::read_file(backup / manifest_name);
  if (!text)
    return fail(fault::invalid, backup.string() + " is no backup, or not a whole one: it has no " + manifest_name);
  rapidjson::Document json;
  json.Parse<rapidjson::kParseIterativeFlag>(text->c_str());
  const auto damaged = [&] { return fail(fault::corrupt, (backup / manifest_name).string() + " is damaged"); };
  if (json.HasParseError() || !json.IsObject() || !json.HasMember("files") || !json["files"].IsArray())
    return damaged();
  std::vector<backed_up_file> files;
  for (const auto& each : json["files"].GetArray()) {
    if (!each.IsObject() || !each.HasMember("path") || !each.HasMember("bytes") || !each.HasMember("sha_256"))
      return damaged();
    if (!each["path"].IsString() || !each["bytes"].IsUint64() || !each["sha_256"].IsString()) return damaged();
    files.push_back({each["path"].GetString(), each["bytes"].GetUint64(), each["sha_256"].GetString()});
    const fs::path path{files.back().path};
    if (path.is_absolute() || path.string().find("..") != std::string::npos) return damaged();
  }
  return files;
}

} // namespace agentmon
