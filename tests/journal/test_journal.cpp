#include "tests/journal/fixture.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace agentmon;
using namespace agentmon::testing;

TEST_SUITE_BEGIN("journal");

TEST_CASE("what was synced is read back with its numbers, events and text") {
  const temporary_folder folder;
  for (const size_t cache : {size_t{0}, limits::journal_cache_bytes}) {
    auto chosen = small(folder.path() / std::to_string(cache));
    chosen.cache_bytes = cache;
    auto kept = must(journal::open(chosen));
    CHECK(kept.last() == 0);
    CHECK(read_all(kept).empty());
    const auto before = now();
    write(kept, R"({"a":1})");
    write(kept, R"({"b":1},{"b":2})", 2);

    const auto records = read_all(kept);
    REQUIRE(records.size() == 2);
    CHECK(payloads(records) == std::vector<std::string>{R"({"a":1})", R"({"b":1},{"b":2})"});
    CHECK(numbers(records) == std::vector<uint64_t>{1, 2});
    CHECK(records[1].events == 2);
    CHECK(records[0].time >= before);
    CHECK(kept.last() == 2);
    CHECK(kept.events_waiting() == 3);
    CHECK(kept.oldest_uncommitted_time() == records[0].time);
    CHECK(must(kept.read(2, 1)).size() == 1);
    CHECK(must(kept.read(3, 1)).empty());
  }
}

TEST_CASE("a read takes as much as its bound allows, and one record at least") {
  const temporary_folder folder;
  for (const size_t cache : {size_t{0}, limits::journal_cache_bytes}) {
    auto chosen = small(folder.path() / std::to_string(cache));
    chosen.cache_bytes = cache;
    auto kept = must(journal::open(chosen));
    for (int i = 0; i < 5; ++i) write(kept, text_of("x", 100));
    CHECK(must(kept.read(1, 1)).size() == 1);
    CHECK(must(kept.read(1, 299)).size() == 2);
    CHECK(must(kept.read(1, 300)).size() == 3);
    CHECK(numbers(must(kept.read(4, 1000))) == std::vector<uint64_t>{4, 5});
  }
}

TEST_CASE("batches between two syncs share records up to the bound of a record, and no piece is split") {
  const temporary_folder folder;
  auto kept = must(journal::open(small(folder.path())));
  const auto half = text_of("half", limits::record_bytes / 2);
  const auto rest = text_of("rest", limits::record_bytes - half.size() - 1);
  must(kept.append(half, 3));
  must(kept.append(rest, 4)); // together with the comma, exactly a record
  must(kept.append("1", 1));
  const auto whole = text_of("whole", limits::record_bytes);
  const std::vector<journal::piece> batch{{"2", 1}, {whole, 7}, {"3", 1}};
  must(kept.append(batch));
  must(kept.sync());

  const auto records = read_all(kept);
  CHECK(payloads(records) == std::vector<std::string>{half + ',' + rest, "1,2", whole, "3"});
  CHECK(records[0].events == 7);
  CHECK(records[1].events == 2);
  CHECK(kept.events_waiting() == 17);

  write(kept, "4"); // a new group never grows a synced record
  CHECK(kept.last() == 5);
}

TEST_CASE("a piece out of its range is refused, with its whole batch") {
  const temporary_folder folder;
  auto kept = must(journal::open(small(folder.path())));
  const auto large = text_of("x", limits::record_bytes + 1);
  for (const journal::piece wrong : {journal::piece{"", 1}, {"{}", 0}, {"{}", 3}, {large, 1}}) {
    const std::vector<journal::piece> batch{{"{}", 1}, wrong};
    const auto refused = kept.append(batch);
    REQUIRE(!refused);
    CHECK(refused.error().code == fault::invalid);
  }
  must(kept.sync());
  CHECK(kept.last() == 0);
}

TEST_CASE("nothing can be read, and nothing is on the disk, before the sync") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  {
    auto kept = must(journal::open(chosen));
    write(kept, "1");
    must(kept.append("2", 1));
    CHECK(payloads(read_all(kept)) == std::vector<std::string>{"1"});
    CHECK(kept.last() == 1);
    CHECK(kept.events_waiting() == 1);
  }
  auto kept = must(journal::open(chosen));
  CHECK(payloads(read_all(kept)) == std::vector<std::string>{"1"});
}

TEST_CASE("a sync of nothing does nothing") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  auto kept = must(journal::open(chosen));
  must(kept.sync());
  must(kept.append(std::span<const journal::piece>{}));
  must(kept.sync());
  CHECK(kept.bytes() == 0);
  CHECK(kept.last() == 0);
}

TEST_CASE("reopening gives exactly what is not committed") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  uuid id;
  {
    auto kept = must(journal::open(chosen));
    id = kept.id();
    for (int i = 1; i <= 10; ++i) write(kept, std::to_string(i) + "          ", static_cast<uint32_t>(i));
    kept.committed(6);
    kept.committed(4); // going back changes nothing
    CHECK(kept.events_waiting() == 7 + 8 + 9 + 10);
    CHECK(kept.oldest_uncommitted_time() == must(kept.read(7, 1)).front().time);
  }
  auto kept = must(journal::open(chosen));
  CHECK(kept.id() == id);
  CHECK(kept.first_uncommitted() == 7);
  CHECK(kept.last() == 10);
  CHECK(kept.events_waiting() == 7 + 8 + 9 + 10);
  CHECK(numbers(read_all(kept)) == std::vector<uint64_t>{7, 8, 9, 10});
  CHECK(kept.oldest_uncommitted_time() == read_all(kept).front().time);
  kept.committed(1000); // more than there is: all of it
  CHECK(kept.first_uncommitted() == 11);
  CHECK(kept.events_waiting() == 0);
  CHECK(!kept.oldest_uncommitted_time());
}

TEST_CASE("what waits is counted exactly at every record of a long segment") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  auto kept = must(journal::open(chosen));
  uint64_t events = 0;
  for (uint32_t i = 1; i <= 300; ++i) {
    write(kept, text_of(std::to_string(i), 1000), i);
    events += i;
  }
  const auto records = read_all(kept);
  for (const auto& each : records) {
    CHECK(kept.events_waiting() == events);
    CHECK(kept.oldest_uncommitted_time() == each.time);
    CHECK(must(kept.read(each.number, 1)).front().payload == each.payload);
    kept.committed(each.number);
    events -= each.events;
  }
  CHECK(events == 0);
  CHECK(kept.events_waiting() == 0);
}

TEST_CASE("a lost mark sends records again, a lost slot at most goes one step back") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  {
    auto kept = must(journal::open(chosen));
    for (int i = 0; i < 10; ++i) write(kept, "1");
    kept.committed(3);
    kept.committed(5);
  }
  auto content = content_of(chosen.path / "committed");
  content[512] = static_cast<char>(~content[512]);
  set_content(chosen.path / "committed", content);
  CHECK(must(journal::open(chosen)).first_uncommitted() == 4);
  set_content(chosen.path / "committed", "");
  CHECK(must(journal::open(chosen)).first_uncommitted() == 1);
}

TEST_CASE("segments roll by size and leave when they are committed") {
  const temporary_folder folder;
  auto chosen = small(folder.path());
  chosen.segment_bytes = 1 * limits::MiB;
  auto kept = must(journal::open(chosen));
  const auto large = text_of("x", 400 * limits::KiB);
  for (int i = 0; i < 10; ++i) write(kept, large);
  CHECK(segments_of(chosen).size() == 5); // two records each
  CHECK(kept.bytes() == 10 * (large.size() + journal_files::header_bytes));
  CHECK(read_all(kept).size() == 10);

  kept.committed(5);
  CHECK(segments_of(chosen).size() == 3);
  CHECK(numbers(read_all(kept)) == std::vector<uint64_t>{6, 7, 8, 9, 10});
  kept.committed(10);
  CHECK(segments_of(chosen).size() == 1);
  CHECK(kept.bytes() == 0); // a fresh one, because the newest was more than half full
  write(kept, large);
  CHECK(kept.last() == 11);
  CHECK(segments_of(chosen).size() == 1);
}

TEST_CASE("numbers never repeat, whatever was committed and removed") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  const auto large = text_of("x", 500 * limits::KiB);
  uuid id;
  uint64_t last = 0;
  for (int round = 0; round < 6; ++round) {
    auto kept = must(journal::open(chosen));
    if (round > 0) CHECK(kept.id() == id);
    id = kept.id();
    for (int i = 0; i < round * 3; ++i) {
      write(kept, large);
      CHECK(kept.last() == ++last);
    }
    kept.committed(last);
    if (round == 4) std::filesystem::remove(chosen.path / "committed"); // the names of the segments keep them too
  }
  for (const auto& path : segments_of(chosen)) std::filesystem::remove(path);
  {
    auto kept = must(journal::open(chosen)); // the mark keeps them as well
    CHECK(kept.id() == id);
    write(kept, "1");
    CHECK(kept.last() == last + 1);
  }
  for (const auto& path : segments_of(chosen)) std::filesystem::remove(path);
  std::filesystem::remove(chosen.path / "committed");
  auto kept = must(journal::open(chosen)); // no trace is left: another journal
  CHECK(kept.id() != id);
}

TEST_CASE("the bound refuses a batch as a whole and takes it when room was made") {
  const temporary_folder folder;
  auto chosen = small(folder.path());
  chosen.bound_bytes = 2 * limits::MiB;
  auto kept = must(journal::open(chosen));
  const auto large = text_of("x", 500 * limits::KiB);
  for (int i = 0; i < 3; ++i) write(kept, large);
  must(kept.append(large, 1)); // what is not synced yet counts too
  const auto refused = kept.append(large, 1);
  REQUIRE(!refused);
  CHECK(refused.error().code == fault::overload);
  CHECK(refused.error().message.find("1 MiB of at most 2 MiB") != std::string::npos);
  must(kept.sync());
  CHECK(kept.last() == 4);
  kept.committed(4);
  write(kept, large);
  CHECK(kept.last() == 5);
}

TEST_CASE("a group as large as the bound does not stop the journal for ever") {
  const temporary_folder folder;
  auto chosen = small(folder.path());
  chosen.bound_bytes = 2 * limits::MiB;
  auto kept = must(journal::open(chosen));
  const auto large = text_of("x", limits::record_bytes - journal_files::header_bytes);
  for (int round = 1; round <= 3; ++round) {
    for (int i = 0; i < 4; ++i) must(kept.append(large, 1));
    must(kept.sync());
    CHECK(!kept.append("1", 1));
    kept.committed(kept.last());
  }
}

TEST_CASE("the disk's reserve is kept") {
  const temporary_folder folder;
  auto chosen = small(folder.path());
  chosen.disk_reserve = uint64_t{1} << 60U;
  auto kept = must(journal::open(chosen));
  const auto refused = kept.append("{}", 1);
  REQUIRE(!refused);
  CHECK(refused.error().code == fault::overload);
  CHECK(refused.error().message.find("in reserve") != std::string::npos);
}

TEST_CASE("two processes cannot have one journal open") {
  const temporary_folder folder;
  const auto chosen = small(folder.path());
  std::optional<journal> kept = must(journal::open(chosen));
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto second = journal::open(chosen);
    const bool told = !second && second.error().code == fault::unavailable
                      && second.error().message.find("another process") != std::string::npos;
    _exit(told ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  kept.reset();
  CHECK(journal::open(chosen));
}

TEST_CASE("folders and files are their owner's only") {
  const temporary_folder folder;
  auto chosen = small(folder.path() / "deep" / "er");
  auto kept = must(journal::open(chosen));
  write(kept, "1");
  kept.committed(1);
  const auto mode = [](const std::filesystem::path& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777U;
  };
  CHECK(mode(chosen.path) == 0700);
  for (const auto& entry : std::filesystem::directory_iterator{chosen.path}) CHECK(mode(entry.path()) == 0600);
}

TEST_CASE("the tail is served from memory and gives way to the disk beyond its bound") {
  const temporary_folder folder;
  auto chosen = small(folder.path());
  chosen.cache_bytes = 10'000;
  auto kept = must(journal::open(chosen));
  for (int i = 0; i < 100; ++i) write(kept, text_of(std::to_string(i), 1000));
  for (const auto& path : segments_of(chosen)) std::filesystem::remove(path); // who reads the disk now, fails
  CHECK(must(kept.read(95, limits::MiB)).size() == 6);
  CHECK(!kept.read(50, limits::MiB));
}

TEST_SUITE_END();
