#include "tests/journal/failing_disk.hpp"
#include "tests/journal/fixture.hpp"

using namespace agentmon;
using namespace agentmon::testing;

namespace {

/// Repairs the disk when a test ends, also when it fails.
struct repaired {
  ~repaired() { faults() = {}; }
};

} // namespace

TEST_SUITE_BEGIN("journal failures");

TEST_CASE("a full disk refuses the group, and the journal goes on when there is room again") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  {
    auto kept = must(journal::open(chosen));
    write(kept, text_of("one", 1000));
    {
      const file_size_limit full{8 * limits::KiB};
      for (int attempt = 0; attempt < 3; ++attempt) {
        must(kept.append(text_of("refused", 4000), 1));
        must(kept.append(text_of("refused too", 100 * limits::KiB), 1));
        const auto refused = kept.sync();
        REQUIRE(!refused);
        CHECK(refused.error().code == fault::overload);
        CHECK(refused.error().message.find("File too large") != std::string::npos);
        CHECK(kept.last() == 1);
        CHECK(kept.events_waiting() == 1);
        CHECK(kept.bytes() == 1000 + journal_files::header_bytes);
      }
      must(kept.sync()); // nothing is left of what was refused
      CHECK(payloads(read_all(kept)) == std::vector{text_of("one", 1000)});
    }
    write(kept, "two");
    CHECK(kept.last() == 2);
    CHECK(payloads(read_all(kept)) == std::vector{text_of("one", 1000), std::string{"two"}});
    kept.committed(1);
  }
  auto kept = must(journal::open(chosen));
  CHECK(payloads(read_all(kept)) == std::vector<std::string>{"two"});
  CHECK(kept.damaged() == 0);
}

TEST_CASE("what a failed fdatasync wrote does not count, and its segment is not written to again") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  const repaired at_the_end;
  {
    auto kept = must(journal::open(chosen));
    write(kept, "one");
    const auto first = segments_of(chosen).front();
    const auto good = content_of(first).substr(0, kept.bytes());
    must(kept.append("refused", 1));
    faults().sync_fails = true;
    const auto refused = kept.sync();
    REQUIRE(!refused);
    CHECK(refused.error().code == fault::unavailable);
    CHECK(content_of(first) == good);
    CHECK(payloads(read_all(kept)) == std::vector<std::string>{"one"});

    must(kept.append("refused in a new segment", 1));
    CHECK(!kept.sync());
    faults().sync_fails = false;
    write(kept, "two");
    CHECK(content_of(first) == good);
    CHECK(segments_of(chosen).size() == 2);
    CHECK(kept.last() == 2);
    CHECK(payloads(read_all(kept)) == std::vector<std::string>{"one", "two"});
    kept.committed(1);
  }
  auto kept = must(journal::open(chosen));
  CHECK(payloads(read_all(kept)) == std::vector<std::string>{"two"});
}

TEST_CASE("a segment whose name may not survive a power failure is not used") {
  const temporary_folder folder;
  const repaired at_the_end;
  auto kept = must(journal::open(small(folder.path())));
  must(kept.append("refused", 1));
  faults().folder_sync_fails = true;
  const auto refused = kept.sync();
  REQUIRE(!refused);
  CHECK(refused.error().message.find("cannot sync") != std::string::npos);
  CHECK(kept.last() == 0);
  faults() = {};
  write(kept, "one");
  CHECK(payloads(read_all(kept)) == std::vector<std::string>{"one"});
}

TEST_CASE("numbers do not repeat when a sync fails while everything is forgotten and the mark lags") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  const repaired at_the_end;
  uuid id;
  {
    auto kept = must(journal::open(chosen));
    id = kept.id();
    write(kept, "1");
    kept.committed(1);
    const auto early = content_of(chosen.path / "committed");
    for (int i = 0; i < 5; ++i) write(kept, text_of("x", limits::record_bytes));
    kept.committed(6);
    CHECK(kept.bytes() == 0);
    must(kept.append("refused", 1));
    faults().sync_fails = true;
    CHECK(!kept.sync());
    faults().sync_fails = false;
    set_content(chosen.path / "committed", early);
  }
  auto kept = must(journal::open(chosen));
  CHECK(kept.id() == id);
  write(kept, "two");
  CHECK(kept.last() == 7);
  CHECK(payloads(read_all(kept)) == std::vector<std::string>{"two"});
}

TEST_CASE("refused bytes that cannot be cut off stop the journal until they can") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  const repaired at_the_end;
  auto kept = must(journal::open(chosen));
  write(kept, "one");
  must(kept.append("refused", 1));
  faults() = {.sync_fails = true, .cut_fails = true};
  CHECK(!kept.sync());
  faults().sync_fails = false;
  const auto stopped = kept.append("two", 1);
  REQUIRE(!stopped);
  CHECK(stopped.error().code == fault::unavailable);
  CHECK(stopped.error().message.find("cannot cut") != std::string::npos);
  CHECK(payloads(read_all(kept)) == std::vector<std::string>{"one"}); // reading and forgetting go on
  kept.committed(1);
  CHECK(kept.events_waiting() == 0);

  faults().cut_fails = false;
  write(kept, "two");
  CHECK(payloads(read_all(kept)) == std::vector<std::string>{"two"});
  CHECK(kept.last() == 2);
}

TEST_CASE("a journal whose folder cannot be written to says so") {
  const temporary_folder folder;
  auto chosen = small(folder.path());
  set_content(folder.path() / "file", "");
  chosen.path = folder.path() / "file" / "journal";
  const auto refused = journal::open(chosen);
  REQUIRE(!refused);
  CHECK(refused.error().message.find("Not a directory") != std::string::npos);
}

TEST_CASE("a mark that cannot be written only sends records again") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  {
    auto kept = must(journal::open(chosen));
    for (int i = 0; i < 3; ++i) write(kept, "1");
    const file_size_limit full{0};
    kept.committed(2);
    CHECK(kept.first_uncommitted() == 3);
    CHECK(kept.events_waiting() == 1);
  }
  CHECK(must(journal::open(chosen)).first_uncommitted() == 1);
}

TEST_SUITE_END();
