#pragma once
#include "http/router.hpp"
#include "protocol/failure.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace agentmon {

/// The files of a folder, read into memory once with all that is needed to send them. Immutable, so that all workers
/// may share one.
class static_files {
public:
  /// fault::not_found when there is no index.html in the folder; fault::unavailable when a file cannot be read.
  static result<static_files> load(const std::filesystem::path& folder);

  /// The answer to a GET or HEAD of `path` (decoded, with its leading slash): the file, 304, or 404. A path whose last
  /// segment has no dot is a page of the application: index.html.
  response answer(std::string_view path, std::string_view if_none_match, bool gzip) const;

  size_t size() const { return files_.size(); }

private:
  struct file {
    std::string bytes;
    std::string packed; // gzip, or empty when that is not smaller
    std::string content_type;
    std::string etag;
    bool hashed = false; // the name holds a hash of the content: it never changes
  };
  static result<file> read(const std::filesystem::path&);
  response send(const file&, std::string_view if_none_match, bool gzip) const;

  std::map<std::string, file, std::less<>> files_; // by path: "/assets/app.3f2a91bc.js"
};

/// Handler for router::otherwise that serves these files.
router::handler serve_files(std::shared_ptr<const static_files>);

} // namespace agentmon
