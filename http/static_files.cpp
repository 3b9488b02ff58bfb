#include "http/static_files.hpp"

#include "http/text.hpp"
#include "protocol/hexadecimal.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <openssl/evp.h>
#include <system_error>

namespace agentmon {
namespace {

namespace fs = std::filesystem;

constexpr int pack_level = 9; // packed once, sent often
constexpr std::string_view index_page = "/index.html";
constexpr std::string_view policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                                    "img-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
                                    "form-action 'none'; frame-ancestors 'none'; "
                                    "require-trusted-types-for 'script'; trusted-types svelte-trusted-html";

struct type_of_extension {
  std::string_view extension;
  std::string_view type;
};
constexpr std::array types = {
    type_of_extension{".css", "text/css; charset=utf-8"},
    type_of_extension{".html", "text/html; charset=utf-8"},
    type_of_extension{".ico", "image/x-icon"},
    type_of_extension{".js", "text/javascript; charset=utf-8"},
    type_of_extension{".json", "application/json"},
    type_of_extension{".map", "application/json"},
    type_of_extension{".png", "image/png"},
    type_of_extension{".svg", "image/svg+xml"},
    type_of_extension{".txt", "text/plain; charset=utf-8"},
    type_of_extension{".webmanifest", "application/manifest+json"},
    type_of_extension{".woff2", "font/woff2"},
};

std::string type_of(const fs::path& path) {
  const auto extension = path.extension().string();
  const auto found = std::find_if(types.begin(), types.end(), [&](const auto& t) { return t.extension == extension; });
  return std::string{found == types.end() ? "application/octet-stream" : found->type};
}

/// name.HASH.ext or name-HASH.ext with at least 8 letters and digits, one of them a digit or capital, so that a plain
/// word is no hash.
bool has_hash(std::string_view name) {
  const auto dot = name.rfind('.');
  if (dot == name.npos || dot == 0) return false;
  const auto stem = name.substr(0, dot);
  const auto start = stem.find_last_of(".-");
  if (start == stem.npos) return false;
  const auto hash = stem.substr(start + 1);
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return hash.size() >= 8
         && std::all_of(hash.begin(), hash.end(), [&](char c) { return is_letter(c) || http_text::is_digit(c); })
         && std::any_of(hash.begin(), hash.end(), [](char c) { return c < 'a' && c != '_'; });
}

std::string etag_of(std::string_view bytes) {
  constexpr size_t digest_bytes = 12;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  // Weak: the packed form has the same tag.
  return "W/\"" + hexadecimal({reinterpret_cast<const char*>(digest.data()), digest_bytes}) + '"';
}

} // namespace

result<static_files::file> static_files::read(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  file out;
  out.bytes.assign(std::istreambuf_iterator<char>{in}, {});
  if (!in) return fail(fault::unavailable, "The file " + path.string() + " of the web page cannot be read.");
  out.content_type = type_of(path);
  out.etag = etag_of(out.bytes);
  out.hashed = has_hash(path.filename().string());
  out.packed = gzip(out.bytes, pack_level);
  if (out.packed.size() >= out.bytes.size()) out.packed.clear();
  return out;
}

result<static_files> static_files::load(const fs::path& folder) {
  static_files out;
  std::error_code code;
  for (fs::recursive_directory_iterator at{folder, code}, end; !code && at != end; at.increment(code)) {
    if (!at->is_regular_file(code)) continue;
    auto loaded = read(at->path());
    if (!loaded) return tl::unexpected{loaded.error()};
    out.files_.emplace('/' + at->path().lexically_relative(folder).generic_string(), std::move(*loaded));
  }
  if (code)
    return fail(fault::unavailable, "The folder " + folder.string() + " cannot be read: " + code.message() + ".");
  if (!out.files_.contains(index_page))
    return fail(fault::not_found, "There is no index.html in " + folder.string() + ": build the web page first.");
  return out;
}

response static_files::answer(std::string_view path, std::string_view if_none_match, bool gzip) const {
  // Only names that were found at load time are ever served, so that no path leads out of the folder.
  auto found = files_.find(path);
  const auto last_segment = path.substr(std::min(path.rfind('/'), path.size()));
  if (found == files_.end() && last_segment.find('.') == last_segment.npos) found = files_.find(index_page);
  if (found == files_.end()) return error(404, "not_found", "There is nothing at this address.");
  return send(found->second, if_none_match, gzip);
}

response static_files::send(const file& f, std::string_view if_none_match, bool gzip) const {
  response out{.content_type = f.content_type};
  out.headers = {
      {"ETag", f.etag},
      {"Cache-Control", f.hashed ? "public, max-age=31536000, immutable" : "no-cache"},
      {"Content-Security-Policy", std::string{policy}},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"X-Content-Type-Options", "nosniff"},
  };
  if (!f.packed.empty()) out.headers.emplace_back("Vary", "Accept-Encoding");
  bool same = false;
  http_text::for_each_element(if_none_match, [&](std::string_view tag) { same = same || tag == "*" || tag == f.etag; });
  if (same) {
    out.status = 304;
    return out;
  }
  const bool packed = gzip && !f.packed.empty();
  if (packed) out.headers.emplace_back("Content-Encoding", "gzip");
  out.body = packed ? f.packed : f.bytes;
  return out;
}

router::handler serve_files(std::shared_ptr<const static_files> files) {
  return [files = std::move(files)](worker_context&, exchange asked) {
    const auto& request = asked.request();
    const bool api = request.path == "/v1" || request.path.starts_with("/v1/");
    if (api) return asked.answer(error(404, "not_found", "There is nothing at this address."));
    if (request.method != "GET" && request.method != "HEAD") {
      auto refused = error(405, "method_not_allowed", "This address takes only GET, HEAD.");
      refused.headers.emplace_back("Allow", "GET, HEAD");
      return asked.answer(refused);
    }
    asked.answer(files->answer(request.path, request.get_header_value("If-None-Match"),
                               accepts_gzip(request.get_header_value("Accept-Encoding"))));
  };
}

} // namespace agentmon
