#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound and every time-out of agentmon, each with its reason. Nothing waits or queues by a number that is not
/// here.
namespace agentmon::limits {

using namespace std::chrono_literals;

constexpr size_t KiB = 1024;
constexpr size_t MiB = 1024 * KiB;
constexpr uint64_t GiB = 1024 * MiB;

// -- events ------------------------------------------------------------------
constexpr size_t event_bytes = 256 * KiB; // one envelope; larger tool output is cut by the hooks
constexpr size_t batch_events = 10'000;   // one POST; keeps a batch's decoding under about 20 ms
constexpr size_t json_depth = 64;     // of an event; deeper is no telemetry; PostgreSQL's own stack bound is far beyond
constexpr size_t id_characters = 128; // correlation ids, names, hosts
constexpr size_t type_characters = 64;
constexpr size_t title_characters = 120;     // of a session or run: a line of a list
constexpr size_t title_look_bytes = 4 * KiB; // of the text that it is made of: enough unless it begins with blank pages
constexpr size_t record_bytes = 512 * KiB;   // one journal record and bus message: half of NATS's default max_payload

// -- http --------------------------------------------------------------------
constexpr size_t head_bytes = 16 * KiB;       // request line and headers: what common proxies allow
constexpr size_t body_bytes = 8 * MiB;        // after decompression: 10,000 events of 800 bytes
constexpr size_t read_chunk = 4 * KiB;        // an idle connection's buffer; CAF allocates it per connection
constexpr size_t read_chunk_body = 64 * KiB;  // while a large body is on its way
constexpr size_t connections = 20'000;        // per port; each costs about 6 KB
constexpr size_t response_backlog = 16 * MiB; // unsent bytes of one plain connection; a page is below 4 MiB
constexpr auto head_timeout = 10s;            // from the first byte of a request to the end of its head (slow loris)
constexpr auto body_timeout = 30s;            // without any progress of a body
constexpr auto idle_timeout = 75s;            // a kept-alive connection without a request: longer than proxies' 60 s
constexpr auto answer_timeout = 30s;          // from a whole request to its answer; then 504
constexpr auto write_timeout = 30s;           // a reader that takes nothing at all for this long is closed
constexpr auto connection_tick = 1s;          // how often a listener looks for what has timed out
constexpr auto linger_timeout = 2s;           // a closing connection may still read its answer for this long
constexpr uint64_t request_buffer_bytes = 128 * MiB; // unfinished requests of one port; beyond it 503
constexpr uint64_t held_bytes = 16 * MiB;            // whole requests of one port until answered; beyond it 503: about
                                                     // 0.1 s of work, and twice a body, so that each finds room
constexpr uint64_t held_request_bytes = 4 * KiB;     // what a request weighs besides its bytes, in memory and in work
constexpr size_t refuse_unread_bytes = 256 * KiB;    // a larger body is refused by its head alone, and costs the
                                                     // connection; reading a smaller one is cheaper than a new one
constexpr auto claim_time = 500ms;                   // so long after its head a body on its way has room kept for it
constexpr size_t claim_per_byte = 64;                // of it, for each byte that came: read_chunk claims what
                                                     // refuse_unread_bytes allows, and who only announces claims little
constexpr size_t tunnel_backlog_bytes = 256 * KiB;   // unsent bytes of a tunnel's end at which its other end waits
constexpr size_t gzip_from_bytes = 1 * KiB;          // smaller answers gain nothing from compression

constexpr size_t workers = 2; // per port; they never wait, so there need be no more than cores

// -- websocket ---------------------------------------------------------------
constexpr size_t websocket_message_bytes = 1 * MiB; // of a client, over all fragments
constexpr auto ping_interval = 25s;                 // keeps NATs and proxies from closing an idle socket
constexpr auto pong_timeout = 60s;                  // silence for this long: the viewer is gone
constexpr size_t websocket_unanswered = 64;         // batches of one producer that wait for their ack

// -- gate and journal ----------------------------------------------------------
constexpr size_t window_bytes = 64 * MiB; // accepted from clients but not yet synced: about 0.3 s of disk at full speed
constexpr size_t admit_bytes = 64 * KiB;  // small batches that come together go to the journal together, up to this
constexpr auto sync_timeout = 10s;        // a disk that takes longer is as good as away: 503, outcome unknown
constexpr auto retry_after = 1s;          // told to clients with 503
constexpr uint64_t journal_bytes = 4 * GiB;  // default bound of the journal: hours of a busy node without its bus
constexpr uint64_t disk_reserve = 256 * MiB; // the journal stops before the disk is full, so that the rest can go on
constexpr size_t segment_bytes = 64 * MiB;   // the unit in which the journal forgets
constexpr auto journal_poll = 1s;            // a reader at the tail asks again at least this often
constexpr size_t journal_cache_bytes = 16 * MiB; // newest records in memory: a bus that keeps up costs no disk reads
constexpr size_t journal_block_bytes = 1 * MiB;  // one read of a segment: large enough for a disk's full speed
constexpr size_t journal_room_bytes = 1 * MiB;   // of zeros ahead of small groups: writing them takes a few ms, seldom
constexpr size_t journal_room_group = 128 * KiB; // larger groups get no new room: their bytes cost more than the sync
constexpr uint64_t landmark_bytes = 64 * KiB;    // between known offsets in a segment: 2 MiB of memory for 4 GiB
constexpr uint64_t disk_check_bytes = 4 * MiB;   // appended between two looks at the free space

// -- bus -----------------------------------------------------------------------
constexpr size_t publish_window_bytes = 8 * MiB; // published but not yet acknowledged
constexpr auto publish_timeout = 5s;             // an ack that is missing this long: the connection is made anew
constexpr auto bus_connect_timeout = 2s;
constexpr auto bus_retry_min = 100ms; // doubling, with jitter, up to
constexpr auto bus_retry_max = 5s;
constexpr auto bus_request_timeout = 2s;       // one JetStream API call
constexpr auto ack_floor_interval = 500ms;     // how often the journal learns what is committed
constexpr auto ack_wait = 10s;                 // what a lost connection had in hand comes again after this
constexpr auto progress_interval = 3s;         // what waits for PostgreSQL is kept from redelivery: ack_wait / 3
constexpr size_t pull_messages = 256;          // asked for at once
constexpr size_t pull_window_bytes = 16 * MiB; // pulled and not yet with a writer: packed, two transactions
constexpr auto pull_expires = 5s;              // one pull request's life
constexpr uint64_t stream_bytes = 8 * GiB;     // of the stream; beyond it NATS refuses and the journal keeps
constexpr auto bus_ping_interval = 1s;         // with the next line, a frozen server is noticed after about 4 s
constexpr int bus_pings_unanswered = 3;        // fewer would take a busy machine for a dead one
constexpr auto bus_close_flush = 500ms;        // what was sent just before a connection is closed may still leave
constexpr auto duplicate_window = 30s;         // in which NATS itself drops what a new connection sends again
constexpr size_t pack_from_bytes = 4 * KiB;    // smaller messages are published as they are
constexpr size_t unpacked_bytes = body_bytes;  // of one message; another producer's may come to as much as a POST
constexpr int64_t ack_pending = 4096;          // messages delivered but not committed, over all processors
constexpr int tap_messages = 4096;             // live messages that wait for a slow reader; beyond it they are dropped
constexpr int tap_bytes = 8 * 1024 * 1024;     // the same in bytes

// -- store ---------------------------------------------------------------------
constexpr size_t writers = 2;                    // on one node: one copies while the other one folds and commits
constexpr size_t transaction_bytes = 32 * MiB;   // of messages, some 44,000 events: more make folding cheaper, and wait
constexpr size_t second_writer_bytes = 16 * MiB; // so much gathers beside a transaction until another writer begins one
constexpr auto transaction_linger = 20ms;        // the first event of a quiet stream waits this long for company
constexpr auto transaction_rest = 100ms;  // after one, PostgreSQL is left alone as long as that took, at most this
constexpr auto transaction_timeout = 60s; // statement_timeout of the writer
constexpr auto query_timeout = 8s;        // statement_timeout of a reader; below answer_timeout
constexpr size_t queries_waiting = 256;   // queued for a free reader; beyond it 503
constexpr size_t readers = 3;             // connections that answer queries
constexpr auto store_connect_timeout = 3s;
constexpr auto store_silence = 4s; // past its own time-out, or to an empty question: the server is frozen, or its host
constexpr auto store_look = 1s;    // how often an idle reader asks whether it is there
constexpr auto store_retry_min = 100ms;
constexpr auto store_retry_max = 5s;
constexpr size_t page_rows = 500; // the largest limit= of a list
constexpr size_t page_rows_default = 100;
constexpr size_t page_bytes = 4 * MiB; // at which a page ends before its limit=; its next_cursor goes on from there
constexpr size_t run_detail_events = 25'000;        // events read for one run's page: 10,000 spans and their errors
constexpr size_t preview_characters = 200;          // of a text in an outline: two lines of a drawer
constexpr size_t outline_preview_bytes = 768 * KiB; // all previews of an outline; 10,000 spans without them have 3 MiB
constexpr size_t span_detail_events = 100;          // of one span; there are two, unless something is very wrong
constexpr auto range_longest = std::chrono::days{400}; // that a statistic is asked for: a year and a month
constexpr int64_t series_points = 360;                 // of a chart: more than it has columns for
constexpr int64_t marks = 200;                         // more on one chart nobody can tell apart
constexpr size_t search_document_bytes = 256 * KiB;    // text of a run that is searched
constexpr auto search_settle = 2s;                     // a run is indexed when it was quiet for this long
constexpr size_t search_batch = 200;                   // runs indexed in one transaction
constexpr size_t search_catch_up = 5'000;      // runs looked up at once after a start; the look-up reads all runs
constexpr size_t search_look_runs = 400;       // runs that one page of a search looks into; then the next goes on
constexpr size_t search_look_sessions = 100;   // sessions looked at one by one for one page of a frequent word
constexpr size_t search_runs_found = 2'000;    // more runs with the words than these: they are frequent
constexpr size_t search_look_documents = 50;   // newest runs looked at one by one before the index is asked
constexpr auto search_tick = 500ms;            // how often the indexer looks for settled runs
constexpr auto search_yield = 30s;             // the same while events wait to be stored: these go first
constexpr auto partition_lock_timeout = 200ms; // a new day's events can lie in the default partition instead
constexpr auto partition_retry = 10s;          // until a day that had to wait is tried again

constexpr auto samples_whole = 48h;                   // all samples of machines are kept for this long ...
constexpr auto samples_close = std::chrono::days{30}; // ... then for so long one a step of
constexpr auto samples_close_step = std::chrono::seconds{5min};
constexpr auto samples_wide_step = std::chrono::seconds{1h}; // and from then on one of these; both part an hour evenly
constexpr int64_t thinning_rows = 10'000;                    // looked at in one statement: some 20 ms
constexpr auto thinning_rest = std::chrono::milliseconds{100ms}; // between two of these
constexpr auto thinning_pause = std::chrono::milliseconds{1h};   // when all was looked through

constexpr int64_t retention_days_max = 36'500;                    // a hundred years
constexpr auto retention_look = std::chrono::milliseconds{30s};   // between two looks whether a day is to go
constexpr auto retention_next = std::chrono::milliseconds{500ms}; // between two days that go
constexpr auto retention_retry = std::chrono::milliseconds{5s};   // until a day that had to wait is tried again
constexpr auto retention_lock_timeout = 100ms; // so long writers and questions wait for a question before the drop
constexpr auto retention_writers_timeout = 5s; // a writer's transaction takes a second at most
constexpr auto retention_long_question = 1s;   // one that reads for so long already is not waited for at all

// -- moving stored data ----------------------------------------------------------
constexpr size_t export_rows = 5'000;         // read in one statement: some 20 ms
constexpr size_t import_batch_events = 5'000; // one POST of import: 3 MB, so that many share its sync
constexpr auto backup_look = 100ms;           // between two looks at the journal: it keeps a segment for longer
constexpr size_t copy_bytes = 1 * MiB;        // of a file, copied at once

// -- live feed -------------------------------------------------------------------
constexpr size_t viewer_backlog_bytes =
    1 * MiB; // unsent to one viewer; beyond it frames are dropped and the gap is told
constexpr size_t feed_window_bytes =
    32 * MiB; // published but not yet looked at by the broadcaster; beyond it, dropped and counted
constexpr size_t resume_bytes = 16 * MiB;  // recent frames kept for /v1/ws?since=
constexpr auto frame_interval = 1ms;       // between frames to viewers at least, if these are few
constexpr auto frame_interval_max = 100ms; // at most, but for the time that handing the frames over takes
constexpr int frame_rest = 1;              // so many times as long as that takes, sockets are left alone
constexpr size_t push_viewers = 100;       // at once; then whoever else uses the sockets has a turn
constexpr auto push_timeout = 5s;          // a slice takes milliseconds; after this the next one is handed over
constexpr auto feed_look = 1s;             // how often what the tap has dropped is counted
constexpr size_t frame_bytes = 256 * KiB;  // one live frame; more is cut into several
constexpr auto stale_after = std::chrono::minutes{30}; // an active session without an event for this long is stale
constexpr auto waiting_stale_after = 24h; // one that asked a human, too: over night one may answer, later it was killed
constexpr auto stale_tick = 10s;
constexpr size_t live_sessions = 50'000; // kept by the aggregator; the oldest leave first

// -- supervision ------------------------------------------------------------------
constexpr int memory_arenas = 2;               // of malloc: busy threads are hardly more, and each keeps its own
constexpr size_t memory_block_bytes = 4 * MiB; // a block up to this is taken from what is kept: a message is
constexpr size_t memory_kept_bytes = 64 * MiB; // unused at an arena's end: what a busy node needs the next moment
constexpr std::chrono::seconds memory_look{3}; // how often a node with less than 1/20 of a core gives memory back
constexpr auto restart_min = 100ms;            // backoff of a crashed actor, doubling, with jitter, up to
constexpr auto restart_max = 10s;
constexpr int restart_budget = 20; // crashes within restart_window before the actor's role is started anew
constexpr auto restart_window = 5min;
constexpr int role_budget = 3; // times that a role is started anew within role_window before the node gives up
constexpr auto role_window = 30min;
constexpr auto stuck_after = 30s;          // at one message: a query with its connection takes 15 s, one to NATS 20 s
constexpr auto stuck_storing = 150s;       // twice transaction_timeout, and connecting
constexpr auto stuck_starting = 4min;      // of the private servers: creating one, and stopping both
constexpr size_t failures_kept = 8;        // of one actor, for who asks why
constexpr auto supervision_look = 1s;      // how often all actors' progress is noted
constexpr auto supervision_slept = 5s;     // between two such looks: this process itself was stopped
constexpr auto supervision_patience = 20s; // for a keeper to replace who is stuck; then the node ends at once
constexpr size_t log_parts = 128;          // of which the last complaint is remembered, and a level of their own
constexpr auto node_answer_timeout = 3s;   // of one node, when all are asked; then it is told that it said nothing
constexpr auto bus_lag_look = 1s;          // how often a processor looks how much waits in NATS
constexpr auto bus_lag_age = 5s;           // what is older is not shown as if it were now
constexpr size_t tail_bytes = 1 * MiB;     // of one look at the live feed by who asks for it; the rest comes next
constexpr auto stop_grace = 10s;           // for each step of the ordered stop; then kill
constexpr auto settle_time = 3s;           // an orderly stop waits this long for the journal to be committed
constexpr auto settle_look = 20ms;
constexpr auto service_start_timeout = 5min;   // without a word: nats-server reads its whole store before it listens
constexpr auto service_stop_timeout = 20s;     // then SIGKILL (both servers recover from that)
constexpr auto service_useless = 20s;          // it runs, and none of its users gets anywhere: then it is restarted
constexpr auto service_check = 250ms;          // how often a private server is looked at, and a database that is away
constexpr auto service_create_timeout = 120s;  // initdb: 1 s on a good disk
constexpr auto service_quit_timeout = 5s;      // from SIGQUIT to SIGKILL, and from SIGKILL to giving up
constexpr auto service_probe_timeout = 2s;     // one look at whether a private server answers; libpq allows no less
constexpr size_t service_log_bytes = 16 * MiB; // a private server's log; at its next start it becomes the one old log

// -- settings and commands ----------------------------------------------------------
constexpr size_t token_characters = 512;     // of an access token; far below head_bytes
constexpr auto poll_interval_min = 1s;       // a reading takes a good part of a second
constexpr auto poll_interval_max = 1h;       // more and the page shows the past
constexpr size_t emit_batch_events = 500;    // one POST of emit and demo: some 300 KB, below every proxy's bound
constexpr size_t emit_batch_bytes = 4 * MiB; // the same in bytes: half of body_bytes
constexpr auto emit_linger = 100ms;          // the first event of a quiet input waits this long for company
constexpr auto emit_timeout = 60s;           // how long emit tries to bring one batch in, unless --timeout says
constexpr auto emit_retry_min = 100ms;       // doubling, with jitter, up to
constexpr auto emit_retry_max = 5s;
constexpr size_t emit_rejections_shown = 100;   // the rest is counted
constexpr auto progress_line_interval = 200ms;  // between two looks of a progress line
constexpr auto doctor_http_timeout = 3s;        // one question of doctor's to a port
constexpr uint64_t doctor_free_bytes = 1 * GiB; // less free space in the data folder is a problem
constexpr auto doctor_verify_timeout = 1h;      // statement time-out while every stored event is read
constexpr auto doctor_clock_skew = 5s;          // between this clock and PostgreSQL's

// -- bench -------------------------------------------------------------------------
constexpr auto bench_start_timeout = 60s; // initdb and two servers, on a slow disk
constexpr auto bench_stop_timeout = 60s;  // the ordered stop of an instance that is busy; then kill
constexpr auto bench_look = 10ms;         // between two looks whether something is ready
constexpr auto bench_stored_look = 40ms;  // whether all is stored: the error of that figure; a look costs 0.5 ms
constexpr auto bench_patience = 30s;      // without any progress: something is lost or stands still
constexpr auto bench_retry = 100ms;       // until a refused request is sent again
constexpr auto bench_memory_look = 500ms; // a look reads all of /proc: 2 ms
constexpr auto bench_rest_look = 1s;      // a second of less than a tenth of a core is rest ...
constexpr auto bench_rest_timeout = 60s;  // ... and indexing behind a large fill may take this long
constexpr size_t bench_copy_transaction = 10'000;  // events of one of the COPY ceiling: what one batch may hold
constexpr size_t bench_message_bytes = 16 * MiB;   // different messages of the publish ceiling
constexpr uint64_t bench_stream_bytes = 512 * MiB; // the stream of the publish ceiling, beside ours

// -- monitor -----------------------------------------------------------------------
constexpr auto hypervisor_timeout = 3s; // one bulk call for all domains takes some 10 ms; one that hangs never returns
constexpr auto hung_after = 2s;         // a QEMU that takes longer for a monitor command is stuck; below the time-out
                                        // above, so that who asks again after it is told
constexpr auto helper_restart_min = 1s; // of a helper process that failed twice in a row, doubling up to
constexpr auto helper_restart_max = 30s;
constexpr auto helper_end_timeout = 1s;            // from its end of the socket closing to its own end: at once
constexpr auto helper_idle = 5min;                 // without a question; then it ends until somebody asks again
constexpr size_t helper_question_bytes = 64 * KiB; // fits in a socket's buffer, so that asking never waits
constexpr uint32_t helper_answer_bytes = 16 * MiB; // a domain has some 500 bytes
constexpr std::chrono::minutes balloon_age{2};     // what a guest said of its memory before is not how it is now
constexpr auto address_timeout = 8s;               // libvirt itself gives a guest agent 5 s
constexpr auto ssh_connect_timeout = 5s;           // the kernel itself would try for two minutes
constexpr auto ssh_login_timeout = 10s;            // handshake, host key and key: 0.5 s on a slow guest
constexpr auto ssh_answer_timeout = 5s; // a kept connection that does not take a command by then is made anew
constexpr auto ssh_probe_timeout = 20s; // from the command to its end
constexpr auto probe_run_timeout = 15s; // of the probe inside, where it survives its connection; its own waits are 3 s
constexpr size_t ssh_handshakes = 8;    // unauthenticated connections to one host: sshd drops some beyond 9
constexpr auto ssh_retry_min = 200ms;   // when sshd drops one nevertheless; doubling, with jitter, up to
constexpr auto ssh_retry_max = 2s;      // within ssh_login_timeout
constexpr size_t ssh_lookups = 4;       // names looked up at a time, each by a thread that waits for the name service
constexpr size_t probe_bytes = 1 * MiB; // what a guest may say; the probe says 1 KB
constexpr size_t probe_errors_bytes = 4 * KiB; // of its standard error, of which a line is shown
constexpr size_t probe_list = 64;              // disks or networks of one machine
constexpr size_t probe_log_lines = 10;         // the probe sends 5
constexpr size_t probe_log_bytes = 990;        // of one of them; the probe cuts its lines at 1000
constexpr size_t probe_text_characters = 200;  // of any text of the probe, as it is kept
constexpr uint32_t redact_steps = 100'000; // of the matcher from one place on, 1 ms; beyond it a text is hidden whole
constexpr size_t registry_bytes = 4 * MiB;
constexpr size_t registry_instances = 10'000;
constexpr auto registry_look = 2s;       // between two looks whether the registry's file has changed
constexpr auto poll_backoff_max = 5min;  // a machine that cannot be reached is visited less often, at most so
constexpr size_t registry_labels = 32;   // of one machine; each is in each of its snapshots
constexpr size_t snapshots_waiting = 16; // events of one machine that the gate has not taken yet; the oldest leave
constexpr auto snapshot_retry_min = 1s;  // until those are tried again, doubling, with jitter, up to
constexpr auto snapshot_retry_max = 30s;
constexpr auto reading_timeout = 8s;  // a snapshot does not wait longer for a half that is slow; nor longer than 4/5 of
                                      // its interval, unless that is less than hypervisor_timeout and a second
constexpr auto visit_timeout = 45s;   // all phases of a visit together; then it counts as lost
constexpr auto verdicts_flush = 50ms; // what changes together is written together
constexpr int good_readings = 2;      // until what was bad is over: one alone may be chance
constexpr auto restarts_remembered = 15min; // of a unit, for the rule about them
constexpr auto boots_remembered = 1h;
constexpr size_t snapshot_disks = 32; // told of one machine, and likewise its interfaces
constexpr size_t snapshot_log_lines = 20;

// -- access keys ---------------------------------------------------------------------
constexpr size_t key_secret_bytes = 32; // nobody guesses 256 random bits, so that one SHA-256 of them is enough
constexpr auto keys_refresh = 1s;       // until each node knows what `agentmon keys` did, a node behind another in 2 s
constexpr auto keys_timeout = 2s;       // for PostgreSQL or another node to tell them; those known go on to count
constexpr size_t keys_file_bytes = 8 * MiB; // of access-keys.json: some 30,000 keys
constexpr size_t key_days = 36'500;         // of a key's life, a hundred years
constexpr size_t token_characters_few = 16; // a shorter token may be guessed: a word, not 16 random characters

// -- sign-in at the page ---------------------------------------------------------------
constexpr size_t sign_ins = 1'000;             // browsers at once; the one that was quiet longest is signed out
constexpr auto sign_in_life = 12h;             // since its last question: a working day
constexpr size_t sign_in_body_bytes = 4 * KiB; // a key has 86 characters
constexpr size_t sign_in_failures = 30;        // wrong keys in a sign_in_window; beyond it nobody may try
constexpr auto sign_in_window = 1min;

// -- proxy -------------------------------------------------------------------------
constexpr size_t proxies = 4;           // threads that carry /v1 of the page to the query port
constexpr size_t proxied_waiting = 256; // queued for them; beyond it 503
constexpr auto proxy_timeout = 15s;

// -- between nodes -----------------------------------------------------------------
constexpr auto heartbeat_interval = 2s; // of a link that is idle; a shorter one cuts the handshake of a distant node
constexpr auto heartbeat_timeout = 8s;  // a link without a word for so long is closed
constexpr auto member_look = 1s;        // how often each member is greeted
constexpr auto member_timeout = 3s;     // for its answer
constexpr auto member_silence = 5s;     // then it is away: twice as fast as people were promised to see it
constexpr size_t members = 256;         // of a cluster; more are refused
constexpr auto member_forgotten = std::chrono::hours{24}; // one that was away for so long is told no more
constexpr auto dial_retry_min = 500ms; // cut by jitter to 250 ms: an earlier dial gets CAF's dead handle once more
constexpr auto dial_retry_max = 3s;    // a member that returns is known within 5 s
constexpr auto dial_timeout = 2s;      // for a TCP connection
constexpr auto handshake_timeout = 3s; // for TLS, from the first byte on
constexpr auto control_request_timeout = 10s;    // for CAF's part of a connection: one that hangs may stand before it
constexpr auto goodbye_timeout = 1s;             // for the others to hear it before this node is gone
constexpr auto refusal_quiet = 60s;              // the same refusal of the same address is logged once in this time
constexpr size_t refusals_remembered = 1'000;    // for that; more are not logged
constexpr size_t handshakes = 64;                // at once; further ones wait in the socket's queue
constexpr size_t control_frame_bytes = 16 * MiB; // of one message between nodes; what claims more is no agentmon
constexpr size_t forward_bytes = 768 * KiB;      // of records sent to another node's gate at once: below 1 MiB
constexpr auto forward_timeout = 15s;            // for its answer: longer than its own sync_timeout
constexpr auto forward_retry_min = 200ms;
constexpr auto forward_retry_max = 5s;
constexpr size_t forwards_waiting = 256; // batches of other nodes that wait for this one's disk; beyond it, overload
constexpr auto lease_life = 15s;         // of the right to watch a machine, from when it was asked for
constexpr auto lease_renewal = 3s;       // how often it is renewed: four chances
constexpr auto lease_margin = 1s;        // a monitor stops so much before it ends
constexpr auto lease_timeout = 3s;       // for one answer

// -- operator's shell --------------------------------------------------------------------
constexpr auto shell_attach_timeout = 10s; // to find a node and be greeted by it
constexpr auto shell_answer_timeout = 20s; // for one answer: a query, passed on to another node, and a little
constexpr auto shell_retry = 500ms;        // between two tries to reach a node that has gone
constexpr auto shell_patience = 60s;       // until a command stops waiting for a node that is being restarted
constexpr auto shell_watch = 1s;           // between two pictures of `tree --watch`
constexpr auto shell_names_age = 5s;       // names for completion are asked anew when they are older
constexpr int shell_history = 1'000;       // lines kept over sessions
constexpr auto tail_look = 200ms;          // between two looks for new events of `tail`

} // namespace agentmon::limits
