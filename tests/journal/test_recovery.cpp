#include "tests/journal/fixture.hpp"

#include <random>

using namespace agentmon;
using namespace agentmon::testing;

namespace {

constexpr size_t header = journal_files::header_bytes;

/// Writes the texts as one record each, and closes the journal. All are in one segment; its path is returned.
std::filesystem::path written(const journal::settings& chosen, const std::vector<std::string>& texts) {
  auto kept = must(journal::open(chosen));
  for (const auto& each : texts) write(kept, each);
  const auto paths = segments_of(chosen);
  REQUIRE(paths.size() == 1);
  return paths.front();
}

/// Removes every segment but the given one, which gets this content.
void reset_to(const journal::settings& chosen, const std::filesystem::path& segment, std::string_view content) {
  for (const auto& path : segments_of(chosen)) std::filesystem::remove(path);
  set_content(segment, content);
}

/// What the journal gives now, after a check that it goes on, also over another restart, with numbers above `used`.
std::vector<std::string> opened_and_continued(const journal::settings& chosen, uint64_t used) {
  uint64_t fresh = 0;
  std::vector<std::string> found;
  must(journal::open(chosen)); // an open that nothing follows leaves the next one nothing to forget
  {
    auto kept = must(journal::open(chosen));
    found = payloads(read_all(kept));
    write(kept, "fresh");
    fresh = kept.last();
    CHECK(fresh > used);
  }
  auto kept = must(journal::open(chosen));
  CHECK(kept.last() == fresh);
  auto expected = found;
  expected.emplace_back("fresh");
  CHECK(payloads(read_all(kept)) == expected);
  CHECK(kept.damaged() == 0);
  return found;
}

} // namespace

TEST_SUITE_BEGIN("journal recovery");

TEST_CASE("a last record that is cut at any byte is left out, and nothing else") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  const auto segment = written(chosen, {"one", "two", R"({"three":3})"});
  const auto whole = content_of(segment);
  const size_t last_begin = 2 * (header + 3);
  for (size_t length = last_begin; length < whole.size(); ++length) {
    CAPTURE(length);
    reset_to(chosen, segment, std::string_view{whole}.substr(0, length));
    CHECK(opened_and_continued(chosen, length == last_begin ? 2 : 3) == std::vector<std::string>{"one", "two"});
    CHECK(std::filesystem::file_size(segment) == last_begin);
  }
}

TEST_CASE("garbage and zeros behind the last record are cut") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  const auto segment = written(chosen, {"one", "two"});
  const auto whole = content_of(segment);
  std::mt19937 random{20260313};
  for (const size_t length : std::initializer_list<size_t>{1, 31, 32, 33, 4096, 3'000'000}) {
    std::string garbage(length, '\0');
    CAPTURE(length);
    reset_to(chosen, segment, whole + garbage);
    CHECK(opened_and_continued(chosen, 2) == std::vector<std::string>{"one", "two"});
    for (auto& each : garbage) each = static_cast<char>(random());
    reset_to(chosen, segment, whole + garbage);
    CHECK(opened_and_continued(chosen, 2) == std::vector<std::string>{"one", "two"});
    auto begun = whole;
    begun += journal_files::record_magic;
    begun += garbage;
    reset_to(chosen, segment, begun);
    CHECK(opened_and_continued(chosen, 2) == std::vector<std::string>{"one", "two"});
    reset_to(chosen, segment, garbage);
    CHECK(opened_and_continued(chosen, 0).empty());
  }
}

TEST_CASE("small groups are written into room, which a crash leaves behind and an orderly end does not") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  std::filesystem::path segment;
  std::string after_crash;
  {
    auto kept = must(journal::open(chosen));
    write(kept, "one");
    segment = segments_of(chosen).front();
    const auto size = std::filesystem::file_size(segment);
    CHECK(size == header + 3 + chosen.room_bytes);
    write(kept, "two");
    CHECK(std::filesystem::file_size(segment) == size);
    CHECK(kept.bytes() == 2 * (header + 3));
    after_crash = content_of(segment);
  }
  CHECK(std::filesystem::file_size(segment) == 2 * (header + 3));
  reset_to(chosen, segment, after_crash);
  CHECK(opened_and_continued(chosen, 2) == std::vector<std::string>{"one", "two"});
}

TEST_CASE("of a record that was torn in its room any page may be there, and none counts") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  constexpr size_t page = 4096, pages = 4;
  const auto segment = written(chosen, {"one", "two", text_of("three", pages * page)});
  const auto whole = content_of(segment);
  const size_t begin = 2 * (header + 3);
  for (unsigned there = 0; there < (1U << (pages + 1)) - 1; ++there) {
    CAPTURE(there);
    auto torn = whole + std::string(chosen.room_bytes, '\0');
    for (size_t i = 0; i <= pages; ++i) {
      const auto from = std::max(begin, i * page), to = std::min(whole.size(), (i + 1) * page);
      if (((there >> i) & 1U) == 0)
        std::fill(torn.begin() + static_cast<ptrdiff_t>(from), torn.begin() + static_cast<ptrdiff_t>(to), '\0');
    }
    reset_to(chosen, segment, torn);
    CHECK(opened_and_continued(chosen, 3) == std::vector<std::string>{"one", "two"});
  }
}

TEST_CASE("a group of several records is never written into room, where the second might outlive the first") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  auto kept = must(journal::open(chosen));
  write(kept, "small");
  for (const auto* name : {"first", "second"}) must(kept.append(text_of(name, limits::record_bytes - 100), 1));
  must(kept.sync());
  CHECK(kept.last() == 3);
  CHECK(std::filesystem::file_size(segments_of(chosen).front()) == kept.bytes());
  write(kept, "small again");
  CHECK(std::filesystem::file_size(segments_of(chosen).front()) == kept.bytes() + chosen.room_bytes);
}

TEST_CASE("a copy of an earlier record at the end is no new record") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  const auto segment = written(chosen, {"one", "two"});
  const auto whole = content_of(segment);
  set_content(segment, whole + whole);
  CHECK(opened_and_continued(chosen, 2) == std::vector<std::string>{"one", "two"});
}

TEST_CASE("a flipped byte costs one record: it is counted, its bytes are kept, what is behind it is read") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  const auto segment = written(chosen, {"one", "two", "three"});
  const auto whole = content_of(segment);
  const size_t begin = header + 3;
  for (size_t at = begin; at < begin + header + 3; ++at) {
    CAPTURE(at);
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    reset_to(chosen, segment, damaged);
    for (const auto& path : files_with(chosen, "corrupt")) std::filesystem::remove(path);

    auto kept = must(journal::open(chosen));
    CHECK(kept.damaged() == 1);
    const auto records = read_all(kept);
    CHECK(payloads(records) == std::vector<std::string>{"one", "three"});
    CHECK(numbers(records) == std::vector<uint64_t>{1, 3});
    CHECK(kept.damaged() == 1); // told once
    CHECK(kept.events_waiting() == 2);
    const auto copies = files_with(chosen, "corrupt");
    REQUIRE(copies.size() == 1);
    CHECK(copies.front().filename() == segment.filename().string() + ".corrupt-" + std::to_string(begin));
    CHECK(content_of(copies.front()) == damaged.substr(begin, header + 3));
    kept.committed(1);
    CHECK(kept.events_waiting() == 1);
    CHECK(must(kept.read(2, 1)).front().payload == "three");
    std::filesystem::remove(chosen.path / "committed");
  }
}

TEST_CASE("damage that comes while the journal is open is skipped as well") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  auto kept = must(journal::open(chosen));
  for (const auto* text : {"one", "two", "three"}) write(kept, text);
  const auto segment = segments_of(chosen).front();
  auto content = content_of(segment);
  content[header + 3 + header] = 'T';
  set_content(segment, content);
  CHECK(payloads(read_all(kept)) == std::vector<std::string>{"one", "three"});
  CHECK(kept.damaged() == 1);
  content.resize(kept.bytes() - 1); // and a file that became shorter is no endless loop
  set_content(segment, content);
  CHECK(payloads(read_all(kept)) == std::vector<std::string>{"one"});
  CHECK(kept.damaged() == 1); // the same place, now wider
}

TEST_CASE("damage at the end of a segment that has a successor is damage, not an unfinished write") {
  const temporary_folder folder;
  auto chosen = small(folder.path());
  written(chosen, {"one", "two"});
  {
    auto kept = must(journal::open(chosen)); // each start begins a segment
    write(kept, "three");
  }
  const auto first = segments_of(chosen).front();
  auto content = content_of(first);
  content.back() = 'O';
  set_content(first, content);
  auto kept = must(journal::open(chosen));
  CHECK(kept.damaged() == 1);
  CHECK(payloads(read_all(kept)) == std::vector<std::string>{"one", "three"});
  CHECK(std::filesystem::file_size(first) == content.size());
  kept.committed(1);
  CHECK(payloads(read_all(kept)) == std::vector<std::string>{"three"});
  kept.committed(3);
  CHECK(segments_of(chosen).size() == 1);
}

TEST_CASE("a committed segment that is still there is removed unread") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  const auto first = written(chosen, {"one"});
  {
    auto kept = must(journal::open(chosen));
    write(kept, "two");
    kept.committed(1);
    CHECK(!std::filesystem::exists(first));
  }
  set_content(first, "garbage");
  auto kept = must(journal::open(chosen));
  CHECK(!std::filesystem::exists(first));
  CHECK(kept.damaged() == 0);
  CHECK(payloads(read_all(kept)) == std::vector<std::string>{"two"});
}

TEST_CASE("a segment ends where its successor's name says, whatever a refused group left behind") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  const auto first = written(chosen, {"one", "two", "refused", "refused too"});
  const auto whole = content_of(first);
  set_content(first, whole.substr(0, 2 * (header + 3)));
  {
    auto kept = must(journal::open(chosen));
    write(kept, "accepted"); // number 3 now belongs to this one
    CHECK(kept.last() == 3);
  }
  set_content(first, whole);
  auto kept = must(journal::open(chosen));
  CHECK(kept.damaged() == 0);
  CHECK(payloads(read_all(kept)) == std::vector<std::string>{"one", "two", "accepted"});
  CHECK(std::filesystem::file_size(first) == 2 * (header + 3));
}

TEST_CASE("files that are not ours are left alone") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  written(chosen, {"one"});
  for (const auto* name : {"note.txt", "1.segment", "00000000000000000000.segment", "0000000000000000000x.segment",
                           "99999999999999999999.segment"})
    set_content(chosen.path / name, "?");
  auto kept = must(journal::open(chosen));
  CHECK(payloads(read_all(kept)) == std::vector<std::string>{"one"});
  CHECK(content_of(chosen.path / "note.txt") == "?");
}

TEST_CASE("an id that cannot be read is replaced by a new one") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  written(chosen, {"one"});
  const auto id = must(journal::open(chosen)).id();
  CHECK(must(journal::open(chosen)).id() == id);
  set_content(chosen.path / "id", "garbage");
  const auto fresh = must(journal::open(chosen)).id();
  CHECK(fresh != id);
  CHECK(must(journal::open(chosen)).id() == fresh);
}

TEST_CASE("records that cross the blocks of a scan are found") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  std::vector<std::string> texts;
  {
    auto kept = must(journal::open(chosen));
    for (size_t i = 0; i < 40; ++i) {
      texts.push_back(text_of(std::to_string(i), i % 3 == 0 ? limits::record_bytes : 77'777 + i));
      write(kept, texts.back());
    }
  }
  auto kept = must(journal::open(chosen));
  CHECK(payloads(read_all(kept)) == texts);
  for (size_t i = 0; i < texts.size(); ++i) CHECK(must(kept.read(i + 1, 1)).front().payload == texts[i]);
}

TEST_SUITE_END();
