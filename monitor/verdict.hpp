#pragma once
#include "monitor/rules.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace agentmon::monitor {

/// A rule that is broken, or was a moment ago.
struct broken_rule {
  timestamp since;
  bool counts = false;   ///< it was broken for as long as it must hold
  int good = 0;          ///< readings in a row since then that were good
  std::string what = {}; ///< of its last finding
  std::string more = {};
};

/// All that the next judgement needs of those before.
struct judged {
  verdict last = verdict::unknown;
  std::map<std::string, broken_rule, std::less<>> broken = {}; ///< by the rule's name
  std::string state = {};                                      ///< of the last reading; empty: there was none
  std::optional<timestamp> since = {};                         ///< when that state began, if somebody knows
  std::string boot_id = {};                                    ///< as the guest told it last
};

/// The verdict, the rules that count, the state and the boot, in a word each: changes only when one of these does.
std::string standing_of(const judged&);

/// What one reading comes to.
struct judgement {
  verdict now = verdict::unknown;
  verdict was = verdict::unknown;
  std::optional<timestamp> since = {};  ///< when the machine's state began; nothing when nobody saw that
  std::vector<std::string> issues = {}; ///< the worst first, each a sentence with its evidence
};

/// Judges one machine by the rules, without flapping: a rule counts only when it was broken for as long as it must
/// hold, and counts until two readings in a row were good. For one thread at a time.
class judge {
public:
  /// `past`: what was remembered when the monitor ended; what did not count by then begins anew.
  explicit judge(instance about, judged past = {});

  judgement of(const reading&, const figures&);

  const judged& remembered() const { return past_; }

private:
  /// Things that happened now and then, counted over the last while.
  class recent {
  public:
    void add(timestamp at, double count) { all_.emplace_back(at, count); }
    double within(timestamp begin);

  private:
    std::deque<std::pair<timestamp, double>> all_;
  };

  void follow_state(const reading&, const figures&);
  bool is_other_boot(const inside_view&) const;
  void count_restarts(const reading&);
  void look(const rule&, const facts&, timestamp at);

  instance about_;
  judged past_;
  recent unit_restarts_, boots_;
  std::optional<uint64_t> unit_counter_; ///< systemd's, in the last reading that told it
  std::optional<timestamp> seen_;        ///< when the reading before was taken
};

/// What is remembered of all machines as the text of a file, and back. A text that is none gives nothing.
std::string to_json(const std::map<std::string, judged>&);
std::map<std::string, judged> judged_from(std::string_view json);

} // namespace agentmon::monitor
