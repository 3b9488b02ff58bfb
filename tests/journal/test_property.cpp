#include "tests/journal/failing_disk.hpp"
#include "tests/journal/fixture.hpp"

#include <random>

using namespace agentmon;
using namespace agentmon::testing;

namespace {

/// What a journal promises, in the simplest form.
class model {
public:
  explicit model(uint32_t seed) : random_{seed}, chosen_{small(folder_.path())} {
    chosen_.segment_bytes = 256 * limits::KiB;
    chosen_.bound_bytes = 2 * limits::MiB;
    chosen_.cache_bytes = up_to(2) == 0 ? 0 : 100'000;
    journal_ = must(journal::open(chosen_));
  }

  void step() {
    switch (up_to(9)) {
    case 0:
    case 1:
    case 2: append(); break;
    case 3:
    case 4: sync(); break;
    case 5: fail_to_sync(); break;
    case 6: read(); break;
    case 7: commit(); break;
    case 8: restart(false); break;
    case 9: restart(true); break;
    }
    check();
  }

private:
  struct expected {
    uint64_t number;
    uint32_t events;
    std::string text;
  };

  uint64_t up_to(uint64_t highest) { return std::uniform_int_distribution<uint64_t>{0, highest}(random_); }

  void append() {
    std::vector<std::string> texts;
    std::vector<journal::piece> batch;
    for (uint64_t pieces = up_to(3); pieces > 0; --pieces)
      texts.push_back(text_of(std::to_string(++made_), 10 + up_to(up_to(5) == 0 ? 300'000 : 3000)));
    batch.reserve(texts.size());
    for (const auto& text : texts) batch.push_back({text, 1 + static_cast<uint32_t>(up_to(4))});
    if (!journal_->append(batch)) return; // at the bound; that it is one is another test's matter
    for (const auto& piece : batch) {
      if (group_.empty() || group_.back().text.size() + 1 + piece.json.size() > limits::record_bytes)
        group_.push_back({0, piece.events, std::string{piece.json}});
      else {
        group_.back().text += ',' + std::string{piece.json};
        group_.back().events += piece.events;
      }
    }
  }

  void sync() {
    must(journal_->sync());
    if (group_.empty()) return;
    for (auto& each : group_) {
      each.number = next_++;
      records_.push_back(std::move(each));
    }
    last_ = next_ - 1;
    group_.clear();
  }

  void fail_to_sync() {
    faults() = {.sync_fails = true, .folder_sync_fails = up_to(3) == 0};
    CHECK(journal_->sync().has_value() == group_.empty());
    faults() = {};
    group_.clear();
  }

  void commit() {
    committed_ = std::max(committed_, up_to(last_));
    journal_->committed(committed_);
  }

  void read() { compare(must(journal_->read(committed_ + 1 + up_to(last_ - committed_), 1 + up_to(400'000)))); }

  void restart(bool torn) {
    journal_.reset();
    group_.clear();
    const auto paths = segments_of(chosen_);
    if (torn && !paths.empty()) {
      std::string garbage(1 + up_to(5000), '\0');
      if (up_to(1) == 0)
        for (auto& each : garbage) each = static_cast<char>(random_());
      set_content(paths.back(), content_of(paths.back()) + garbage);
      next_ += (garbage.size() + journal_files::header_bytes - 1) / journal_files::header_bytes;
    }
    journal_ = must(journal::open(chosen_));
  }

  /// A run of consecutive records, from any of the expected ones on.
  void compare(const std::vector<journal::record>& found) {
    if (found.empty()) return;
    auto next = std::ranges::find(records_, found.front().number, &expected::number);
    for (const auto& each : found) {
      REQUIRE(next != records_.end());
      CHECK(each.number == next->number);
      CHECK(each.events == next->events);
      CHECK((each.payload == next->text));
      ++next;
    }
  }

  void check() {
    std::erase_if(records_, [this](const expected& each) { return each.number <= committed_; });
    uint64_t events = 0;
    for (const auto& each : records_) events += each.events;
    CHECK(journal_->events_waiting() == events);
    // Numbers that are passed over may count as committed when nothing is left on either side of them.
    CHECK(journal_->last() >= last_);
    CHECK(journal_->last() <= (records_.empty() ? next_ - 1 : last_));
    CHECK(journal_->first_uncommitted() > committed_);
    CHECK(journal_->first_uncommitted() <= (records_.empty() ? next_ : records_.front().number));
    CHECK(journal_->oldest_uncommitted_time().has_value() == !records_.empty());
    CHECK(journal_->damaged() == 0);
    const auto all = read_all(*journal_);
    CHECK(all.size() == records_.size());
    compare(all);
  }

  std::mt19937 random_;
  temporary_folder folder_;
  journal::settings chosen_;
  std::optional<journal> journal_;
  std::vector<expected> records_;
  std::vector<expected> group_;
  uint64_t made_ = 0;
  uint64_t next_ = 1;
  uint64_t last_ = 0;
  uint64_t committed_ = 0;
};

} // namespace

TEST_SUITE_BEGIN("journal property");

TEST_CASE("any order of appends, syncs, failures, reads, commits and restarts keeps the promises") {
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    model it{seed};
    for (int step = 0; step < 250; ++step) {
      CAPTURE(step);
      it.step();
    }
  }
}

TEST_SUITE_END();
