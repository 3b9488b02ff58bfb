-- Which monitor looks after which machine. A row says that a monitor knows the machine, and until when it alone may look
-- at it. Of those that ask, the same one is preferred every time, so that machines are spread and find back.
CREATE TABLE machine_leases (
  vm      text NOT NULL,
  monitor text NOT NULL,
  asked   timestamptz NOT NULL,
  until   timestamptz,
  PRIMARY KEY (vm, monitor)
);
