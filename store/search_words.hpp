#pragma once
#include "store/connection.hpp"
#include "store/reading.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// From what a user looks for to the runs that hold it, newest first.
namespace agentmon::store {

/// A word of a run's document that tells something about its events and that nobody can type: 't' a type, 'f' a
/// framework, 'h' a host, 'd' the UTC day of the latest (days since 1970), 'n' in lower case a name that it is known
/// by: the session's id, a client_id, a host, a framework. As text for SQL's tsquery.
std::string document_mark(char kind, std::string_view value);

/// What the user typed, as tsqueries in text form.
struct search_words {
  std::string of_event; ///< must match the event; the last word may be a beginning ("rsy" finds rsync); empty: none
  std::string of_run;   ///< must match its run's document: without what must not be, with the filters; empty: any
  std::string piece;    ///< is in the event's text for sure, much faster to look for than words; empty: unknown
};
result<search_words> read_search_words(connection&, const event_filter&);

/// A run that may hold such an event.
struct matching_run {
  std::string session_id;
  std::string run_id; ///< empty: the events of the session outside of its runs
  timestamp first_ts;
  timestamp last_ts;
};

/// Goes through the runs that match, by their latest event, newest first, from the filter's cursor on.
class run_walk {
public:
  run_walk(connection& db, const event_filter& filter, const search_words& words)
      : db_{db}, filter_{filter}, words_{words} {}

  /// The next ones, newest first (in no order those that had begun at the cursor and went on after it, which come
  /// first). May be empty before the end.
  result<std::vector<matching_run>> next();

  /// No run that is still to come has an event after this. After next() only.
  timestamp position() const { return after_->last_ts; }
  bool ended() const { return ended_; }

private:
  result<std::vector<matching_run>> around_cursor();
  result<std::vector<matching_run>> of_session();
  result<std::vector<matching_run>> one_by_one();
  result<std::vector<matching_run>> by_index();

  connection& db_;
  const event_filter& filter_;
  const search_words& words_;
  std::optional<matching_run> after_; ///< behind which it goes on
  std::chrono::days span_{1};         ///< that by_index() looks at next
  bool begun_ = false;
  bool sparse_ = false;
  bool ended_ = false;
};

} // namespace agentmon::store
