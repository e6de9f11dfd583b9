"""The recurrent world model of Plan2Explore: encoder, dynamics, loss, imagination."""
