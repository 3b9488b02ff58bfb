#include "tests/journal/failing_disk.hpp"
#include "tests/journal/fixture.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace agentmon;
using namespace agentmon::journal_files;
using namespace agentmon::testing;

TEST_SUITE_BEGIN("journal files");

TEST_CASE("the sum is CRC32C as RFC 3720 has it") {
  CHECK(crc32c("123456789") == 0xE3069283U);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAU);
}

TEST_CASE("a record lies on the disk as its description says") {
  std::string record(header_bytes, '\0');
  record += "[]";
  seal(record, 0x0102030405060708, 9, timestamp{std::chrono::microseconds{10}});
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(record[at]); };
  CHECK(record.substr(0, 4) == record_magic);
  CHECK(byte(8) == 2);
  CHECK(byte(12) == 9);
  CHECK(byte(16) == 8);
  CHECK(byte(23) == 1);
  CHECK(byte(24) == 10);
  record += "what follows";
  const auto back = parse(record);
  REQUIRE(back);
  CHECK(back->number == 0x0102030405060708);
  CHECK(back->events == 9);
  CHECK(back->time.time_since_epoch().count() == 10);
  CHECK(back->payload == "[]");
}

TEST_CASE("no flipped bit and no shorter length passes for the record") {
  std::string record(header_bytes, '\0');
  record += R"({"a":1})";
  seal(record, 1, 1, timestamp{});
  for (size_t length = 0; length < record.size(); ++length) CHECK(!parse(record.substr(0, length)));
  for (size_t bit = 0; bit < record.size() * 8; ++bit) {
    auto flipped = record;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    CHECK(!parse(flipped));
  }
}

TEST_CASE("pages that the disk cannot give back are read as zeros") {
  // Of the memory of this process, which is a file too, pages that are not mapped fail with EIO.
  constexpr size_t page = 4096;
  auto* const memory =
      static_cast<char*>(mmap(nullptr, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  REQUIRE(memory != MAP_FAILED);
  std::fill_n(memory, 3 * page, 'x');
  REQUIRE(munmap(memory + page, page) == 0);
  const auto source = must(file::open("/proc/self/mem", O_RDONLY));
  std::string into(3 * page - 20, '?');
  CHECK(must(source.read_at(reinterpret_cast<uint64_t>(memory) + 10, into)) == into.size());
  CHECK(into == std::string(page - 10, 'x') + std::string(page, '\0') + std::string(page - 10, 'x'));
  munmap(memory, page);
  munmap(memory + 2 * page, page);
}

TEST_CASE("more parts than the system takes at once are written all the same") {
  const temporary_folder folder;
  const auto path = folder.path() / "parts";
  const auto target = must(file::open(path, O_RDWR | O_CREAT));
  std::vector<std::string> texts;
  std::string expected(5, '\0');
  for (int i = 0; i < 3000; ++i) expected += texts.emplace_back(std::to_string(i));
  const std::vector<std::string_view> parts{texts.begin(), texts.end()};
  must(target.write_at(5, parts));
  CHECK(content_of(path) == expected);
}

TEST_CASE("a write that the system takes piecemeal is carried on where it stopped") {
  const temporary_folder folder;
  const auto path = folder.path() / "parts";
  const auto target = must(file::open(path, O_RDWR | O_CREAT));
  const std::vector<std::string_view> parts{"0123456789abcdefghi", "jk", "lmnopqrstuvwxyz"};
  faults().writes_are_short = true;
  const auto written = target.write_at(0, parts);
  faults() = {};
  must(written);
  CHECK(content_of(path) == "0123456789abcdefghijklmnopqrstuvwxyz");
}

TEST_CASE("a failure names the file, the reason and what to do") {
  const auto missing = file::open("/nowhere/at/all", O_RDONLY);
  REQUIRE(!missing);
  CHECK(missing.error().code == fault::unavailable);
  CHECK(missing.error().message
        == "cannot open /nowhere/at/all: No such file or directory; check the disk and the system's log");
  CHECK(system_failure("write", "/x", ENOSPC).code == fault::overload);
}

TEST_CASE("the mark is written in turns and the newest whole slot counts") {
  const temporary_folder folder;
  const auto path = folder.path() / "committed";
  {
    auto slots = must(mark::open(path));
    CHECK(slots.number() == 0);
    for (uint64_t number = 1; number <= 5; ++number) must(slots.set(number));
  }
  CHECK(must(mark::open(path)).number() == 5);
  auto content = content_of(path);
  {
    auto slots = must(mark::open(path));
    must(slots.set(6)); // does not touch the slot of 5, which would outlive a torn write
    CHECK(content_of(path).substr(0, 512) == content.substr(0, 512));
  }
  set_content(path, content);
  content[0] ^= 1; // the first slot holds 5, the second 4
  set_content(path, content);
  auto slots = must(mark::open(path));
  CHECK(slots.number() == 4);
  must(slots.set(6)); // and likewise the other way round
  CHECK(content_of(path).substr(512) == content.substr(512));
  CHECK(must(mark::open(path)).number() == 6);
}

TEST_SUITE_END();
