-- Positions of the projections: a view's rows and its position move in one transaction.
CREATE TABLE holdpoint.tracking (
    application_name text   NOT NULL,
    notification_id  bigint NOT NULL CHECK (notification_id >= 0),
    PRIMARY KEY (application_name)
);
