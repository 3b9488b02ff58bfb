-- Virtual machines as their latest snapshot (the latest by ts, then event_id) shows them.
CREATE TABLE vms (
  name           text COLLATE "C" PRIMARY KEY,
  event_id       uuid NOT NULL,
  ts             timestamptz NOT NULL,
  state          text COLLATE "C" NOT NULL,
  verdict        text COLLATE "C",     -- healthy, unknown, degraded, down; NULL when the snapshot says none of these
  in_state_since timestamptz NOT NULL, -- as the snapshots show it
  told_since     timestamptz,          -- as the latest snapshot itself tells, which counts more
  issues         jsonb NOT NULL,
  payload        jsonb NOT NULL
) WITH (fillfactor = 70);

-- The figures of snapshots; what a snapshot does not tell is NULL. The marks are kept beside them, so that a chart need
-- not look at every sample: changed_from, the state of the sample before when it was another; verdict_from, the same of
-- its verdict when both have one; restarted, when uptime_seconds is less than in the sample before that tells it.
-- Old samples are thinned (store/thinning.hpp); one with a mark stays.
CREATE TABLE vm_samples (
  vm                          text COLLATE "C" NOT NULL,
  ts                          timestamptz NOT NULL,
  event_id                    uuid NOT NULL,
  state                       text COLLATE "C" NOT NULL,
  verdict                     text COLLATE "C",
  cpu_percent                 double precision,
  memory_used_bytes           double precision,
  memory_total_bytes          double precision,
  disk_used_bytes             double precision,
  disk_total_bytes            double precision,
  network_rx_bytes_per_second double precision,
  network_tx_bytes_per_second double precision,
  disk_read_bytes_per_second  double precision,
  disk_write_bytes_per_second double precision,
  load1                       double precision,
  uptime_seconds              double precision,
  changed_from                text COLLATE "C",
  verdict_from                text COLLATE "C",
  restarted                   boolean NOT NULL DEFAULT false,
  PRIMARY KEY (vm, ts, event_id)
);

CREATE INDEX vm_samples_marks ON vm_samples (ts, vm, event_id)
  WHERE changed_from IS NOT NULL OR verdict_from IS NOT NULL OR restarted;
