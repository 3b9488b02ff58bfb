#include "http/static_files.hpp"

#include "http/inflate.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <stdlib.h>
#include <string>

namespace agentmon {
namespace {

namespace fs = std::filesystem;

class folder {
public:
  folder() {
    auto pattern = (fs::temp_directory_path() / "agentmon-static-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()));
    path = pattern;
  }
  ~folder() { fs::remove_all(path); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  void write(const std::string& name, std::string_view text) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream{path / name, std::ios::binary} << text;
  }
  fs::path path;
};

std::string header(const response& r, std::string_view name) {
  for (const auto& [key, value] : r.headers)
    if (key == name) return value;
  return {};
}

struct page : folder {
  page() {
    write("index.html", "<p>index</p>");
    write("assets/app.3f2A91bc.js", std::string(5000, 'a'));
    write("assets/style-Dk3x91_a.css", "p{}");
    write("logo.svg", "<svg/>");
    write("long-sentence.txt", "plain words are no hash");
  }
};

TEST_CASE_FIXTURE(page, "files are served from memory with their types") {
  const auto files = static_files::load(path);
  REQUIRE(files);
  CHECK(files->size() == 5);
  fs::remove(path / "logo.svg");
  const auto logo = files->answer("/logo.svg", "", false);
  CHECK(logo.status == 200);
  CHECK(logo.body == "<svg/>");
  CHECK(logo.content_type == "image/svg+xml");
  CHECK(header(logo, "Cache-Control") == "no-cache");
  CHECK(header(logo, "X-Content-Type-Options") == "nosniff");
  CHECK(header(logo, "Referrer-Policy") == "no-referrer");
  const auto policy = header(logo, "Content-Security-Policy");
  CHECK(policy.find("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'")
        != std::string::npos);
  CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
  CHECK(policy.find("unsafe") == std::string::npos);
}

TEST_CASE_FIXTURE(page, "hashed names may be kept for ever") {
  const auto files = static_files::load(path);
  REQUIRE(files);
  for (const auto* name : {"/assets/app.3f2A91bc.js", "/assets/style-Dk3x91_a.css"})
    CHECK(header(files->answer(name, "", false), "Cache-Control") == "public, max-age=31536000, immutable");
  CHECK(header(files->answer("/long-sentence.txt", "", false), "Cache-Control") == "no-cache");
}

TEST_CASE_FIXTURE(page, "the packed form is sent to those who want it") {
  const auto files = static_files::load(path);
  REQUIRE(files);
  const auto packed = files->answer("/assets/app.3f2A91bc.js", "", true);
  CHECK(header(packed, "Content-Encoding") == "gzip");
  CHECK(header(packed, "Vary") == "Accept-Encoding");
  CHECK(inflate(packed.body, 5000) == std::string(5000, 'a'));
  CHECK(header(files->answer("/logo.svg", "", true), "Content-Encoding").empty());
}

TEST_CASE_FIXTURE(page, "a known tag is not sent again") {
  const auto files = static_files::load(path);
  REQUIRE(files);
  const auto tag = header(files->answer("/", "", false), "ETag");
  CHECK(tag.starts_with("W/\""));
  CHECK(files->answer("/", tag, false).status == 304);
  CHECK(files->answer("/", "W/\"other\", " + tag, false).body.empty());
  CHECK(files->answer("/", "W/\"other\"", false).status == 200);
}

TEST_CASE_FIXTURE(page, "pages of the application are index.html, other names are not") {
  const auto files = static_files::load(path);
  REQUIRE(files);
  for (const auto* name : {"/", "/index.html", "/runs", "/runs/abc/"})
    CHECK_MESSAGE(files->answer(name, "", false).body == "<p>index</p>", name);
  for (const auto* name : {"/missing.js", "/../index.html", "/assets/../../etc/passwd.txt", "/..", ""}) {
    if (std::string_view{name}.empty()) continue;
    CHECK_MESSAGE(files->answer(name, "", false).status == 404, name);
  }
}

TEST_CASE("a folder without a page is an error with words") {
  const folder empty;
  const auto files = static_files::load(empty.path);
  REQUIRE_FALSE(files);
  CHECK(files.error().code == fault::not_found);
  CHECK(static_files::load(empty.path / "missing").error().code == fault::unavailable);
}

} // namespace
} // namespace agentmon
