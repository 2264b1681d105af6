-- The highest epoch heard from outside that no opening of this history can have said; NULL while
-- the history is whole. Taken away when what runs is adopted.
ALTER TABLE installation ADD COLUMN lost_heard INTEGER;
