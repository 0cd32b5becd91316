"""Orders from outside, whatever way they come: checked one by one, so that a bad one never spoils its neighbours."""
