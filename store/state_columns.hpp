#pragma once
#include "protocol/fold.hpp"
#include "store/parameters.hpp"
#include "store/rows.hpp"

#include <string>
#include <type_traits>
#include <vector>

/// The columns of the tables sessions and runs, named once: from these lists come the SQL, the writing, the reading and
/// the comparing. A new field of a state is one line here and one in schema/.
namespace agentmon::store {

/// Calls visit(name, field) for each stored field, in column order.
template <class Run, class Visit>
requires std::same_as<std::remove_const_t<Run>, run_state>
void for_each_field(Run& run, Visit&& visit) {
  visit("session_id", run.session_id);
  visit("run_id", run.run_id);
  visit("first", run.first);
  visit("framework", run.framework);
  visit("client_id", run.client_id);
  visit("host", run.host);
  visit("last_ts", run.last_ts);
  visit("started_at", run.started_at);
  visit("ended", run.ended);
  visit("outcome", run.status);
  visit("reported_duration_us", run.reported_duration_us);
  visit("", run.counts);
  visit("spans_", run.spans_used);
  visit("end_", run.end_used);
  visit("model", run.model);
  visit("model_from", run.model_from);
  visit("title", run.title);
  visit("title_from", run.title_from);
  visit("waiting_ts", run.waiting_ts);
}

template <class Session, class Visit>
requires std::same_as<std::remove_const_t<Session>, session_state>
void for_each_field(Session& session, Visit&& visit) {
  visit("session_id", session.session_id);
  visit("first", session.first);
  visit("framework", session.framework);
  visit("client_id", session.client_id);
  visit("host", session.host);
  visit("last_ts", session.last_ts);
  visit("started_at", session.started_at);
  visit("restarted_at", session.restarted_at);
  visit("ended", session.ended);
  visit("outcome", session.status);
  visit("", session.counts);
  visit("runs", session.runs);
  visit("failed_runs", session.failed_runs);
  visit("runs_", session.runs_used);
  visit("runs_with_usage", session.runs_with_usage);
  visit("end_", session.end_used);
  visit("title", session.title);
  visit("title_from", session.title_from);
  visit("waiting_ts", session.waiting_ts);
}

/// The names of the columns in order, without status (status_of(), the derived last column, for filters), each behind
/// `prefix`, separated by commas.
template <class State>
const std::string& column_list();

/// Reads a state from a row of column_list().
template <class State>
State read_state(row_reader&);

/// Reads all rows of a SELECT of column_list() alone.
template <class State>
std::vector<State> read_states(const rows& from) {
  std::vector<State> states;
  for (int row = 0; row < from.size(); ++row) {
    row_reader reader{from, row};
    states.push_back(read_state<State>(reader));
  }
  return states;
}

/// COPY of states that are not in the table yet, and the row of one.
template <class State>
const std::string& copy_statement();
template <class State>
void append_row(std::string& to, const State&);

/// UPDATE of any number of states that are in the table, and the parameters for it.
template <class State>
const std::string& update_statement();
template <class State>
parameters update_parameters(const std::vector<const State*>&);

/// The first fields in which two states differ, in words: "events is 3 but must be 4"; empty when they are the same.
template <class State>
std::string difference_of(const State& stored, const State& right);

} // namespace agentmon::store
